//! The table of failures: number, constructor, code, word, exit, whether the same line can succeed later, values.
//! Holds no sentence; those are in `locales/*/failures.ftl` as `err-`, `why-` and `next-` and the word.
//!
//! To add one: a row here with the next free number of its group, three sentences in each language, and its row in
//! `failures.md`. A number is never given another meaning.

use super::{Again, Failure};
use crate::{Arg, Exit};

macro_rules! failures {
    ($($number:literal $make:ident $name:ident $word:literal $exit:ident $again:ident [$($arg:ident)*])*) => {
        /// Which failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum FailureCode { $( #[doc = concat!("`", $word, "`")] $name = $number, )* }

        impl FailureCode {
            /// All of them, numbers rising.
            pub const ALL: &[Self] = &[$( Self::$name, )*];

            /// The number as people quote it: `F-0301`.
            pub fn number(self) -> String {
                format!("F-{:04}", self as u16)
            }

            /// The word in JSON, and the end of the keys of its messages.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// How a command ends that fails by it. [`Exit::Done`] for what only warns.
            pub const fn exit(self) -> Exit {
                match self { $( Self::$name => Exit::$exit, )* }
            }

            /// Whether the same line can succeed later.
            pub const fn again(self) -> Again {
                match self { $( Self::$name => Again::$again, )* }
            }

            /// The names of its values.
            pub const fn arguments(self) -> &'static [&'static str] {
                match self { $( Self::$name => &[$( stringify!($arg) ),*], )* }
            }

            /// The name of its constructor in [`crate::failure`].
            pub const fn constructor(self) -> &'static str {
                match self { $( Self::$name => stringify!($make), )* }
            }
        }

        $(
            #[doc = concat!("`", $word, "`; see `failures.md`.")]
            #[allow(clippy::extra_unused_lifetimes)]
            pub fn $make<'a>($( $arg: impl Into<Arg<'a>> ),*) -> Failure {
                Failure::new(FailureCode::$name, vec![$( (stringify!($arg), $arg.into().into_owned()) ),*])
            }
        )*
    };
}

failures! {
    // F-01xx: The command line, questions and the configuration.
    101 argument_unknown ArgumentUnknown "argument-unknown" Usage Never [argument]
    102 argument_missing ArgumentMissing "argument-missing" Usage Never [argument]
    103 argument_wrong ArgumentWrong "argument-wrong" Usage Never [argument value expected]
    104 arguments_conflict ArgumentsConflict "arguments-conflict" Usage Never [argument other]
    105 command_unknown CommandUnknown "command-unknown" Usage Never [command]
    106 usage_wrong UsageWrong "usage-wrong" Usage Never [cause]
    107 answer_needed AnswerNeeded "answer-needed" Usage Never [question]
    108 option_needed OptionNeeded "option-needed" Usage Never [option]
    109 declined Declined "declined" Failed Never []
    110 passphrases_differ PassphrasesDiffer "passphrases-differ" Usage Never []
    111 passphrase_weak PassphraseWeak "passphrase-weak" Usage Never [least]
    112 setting_unknown SettingUnknown "setting-unknown" Usage Never [key place]
    113 setting_wrong SettingWrong "setting-wrong" Usage Never [key value place expected]
    114 setting_weakens SettingWeakens "setting-weakens" Usage Never [key value place bound]
    115 configuration_unreadable ConfigurationUnreadable "configuration-unreadable" Usage Never [path cause]
    116 configuration_malformed ConfigurationMalformed "configuration-malformed" Usage Never [path line cause]
    117 period_wrong PeriodWrong "period-wrong" Usage Never [value]
    118 class_wrong ClassWrong "class-wrong" Usage Never [value]
    119 kind_wrong KindWrong "kind-wrong" Usage Never [value known]
    120 role_wrong RoleWrong "role-wrong" Usage Never [value]
    121 language_unknown LanguageUnknown "language-unknown" Usage Never [value]
    // F-02xx: Who this device is: enrolment and certificates.
    201 not_enrolled NotEnrolled "not-enrolled" NotEnrolled Never [home]
    202 practice_ambiguous PracticeAmbiguous "practice-ambiguous" Usage Never [practices]
    203 practice_unknown PracticeUnknown "practice-unknown" NotEnrolled Never [practice]
    204 home_unusable HomeUnusable "home-unusable" Failed Never [path cause]
    205 home_busy HomeBusy "home-busy" Failed Later [path]
    206 device_unlock_wrong DeviceUnlockWrong "device-unlock-wrong" Failed Never []
    207 device_key_damaged DeviceKeyDamaged "device-key-damaged" Failed Never [path]
    208 already_enrolled AlreadyEnrolled "already-enrolled" Failed Never [practice]
    209 invitation_group_wrong InvitationGroupWrong "invitation-group-wrong" Usage Never [group]
    210 invitation_malformed InvitationMalformed "invitation-malformed" Usage Never []
    211 invitation_address_needed InvitationAddressNeeded "invitation-address-needed" Usage Never []
    212 invitation_expired InvitationExpired "invitation-expired" Certificate Never []
    213 invitation_taken InvitationTaken "invitation-taken" Certificate Never [at device]
    214 invitation_locked InvitationLocked "invitation-locked" Certificate Never []
    215 invitation_refused InvitationRefused "invitation-refused" Certificate Never []
    216 enrolment_paused EnrolmentPaused "enrolment-paused" Unreachable Later []
    217 practice_differs PracticeDiffers "practice-differs" Certificate Never [expected found]
    218 digits_differ DigitsDiffer "digits-differ" Certificate Never []
    219 not_confirmed NotConfirmed "not-confirmed" Refused Later [digits]
    220 device_refused DeviceRefused "device-refused" Certificate Never []
    221 certificate_expired CertificateExpired "certificate-expired" Certificate Never [until]
    222 gateway_not_genuine GatewayNotGenuine "gateway-not-genuine" Certificate Never [address cause]
    223 clocks_differ ClocksDiffer "clocks-differ" Certificate Never [here there]
    224 enrolment_failed EnrolmentFailed "enrolment-failed" Certificate Never [cause]
    225 renewal_needed RenewalNeeded "renewal-needed" Certificate Never []
    226 keychain_closed KeychainClosed "keychain-closed" Failed Later [cause]
    227 keychain_missing KeychainMissing "keychain-missing" Usage Never []
    230 clock_shows ClockShows "clock-shows" Certificate Later [here]
    231 identity_superseded IdentitySuperseded "identity-superseded" Certificate Never []
    232 renewal_refused RenewalRefused "renewal-refused" Certificate Never []
    233 trust_stale TrustStale "trust-stale" Done Later []
    240 factor_needed FactorNeeded "factor-needed" Refused Never []
    241 factor_missing FactorMissing "factor-missing" Refused Never []
    242 factor_wrong FactorWrong "factor-wrong" Refused Never []
    243 factor_paused FactorPaused "factor-paused" Refused Later []
    244 factor_locked FactorLocked "factor-locked" Refused Never []
    245 factor_exists FactorExists "factor-exists" Refused Never []
    246 factor_code_malformed FactorCodeMalformed "factor-code-malformed" Usage Never []
    247 factor_staff_only FactorStaffOnly "factor-staff-only" Refused Never [role]
    248 admin_only AdminOnly "admin-only" Refused Never [role]
    249 at_the_gateway AtTheGateway "at-the-gateway" Refused Never []
    250 too_many_devices TooManyDevices "too-many-devices" Refused Never [most]
    251 device_add_role DeviceAddRole "device-add-role" Refused Never [role]
    // F-03xx: The connection.
    301 gateway_unreachable GatewayUnreachable "gateway-unreachable" Unreachable Later [address cause]
    302 connection_lost ConnectionLost "connection-lost" Unreachable Later [address]
    303 version_unsupported VersionUnsupported "version-unsupported" Failed Never []
    304 gateway_stopping GatewayStopping "gateway-stopping" Unreachable Later []
    305 gateway_busy GatewayBusy "gateway-busy" Unreachable Later []
    306 gateway_failed GatewayFailed "gateway-failed" Unreachable Later []
    307 too_fast TooFast "too-fast" Unreachable Later []
    308 clock_held ClockHeld "clock-held" Unreachable Later []
    309 request_refused RequestRefused "request-refused" Failed Never [code]
    310 answer_malformed AnswerMalformed "answer-malformed" Failed Later [cause]
    // F-04xx: Sending.
    401 nothing_to_send NothingToSend "nothing-to-send" Usage Never []
    402 path_absent PathAbsent "path-absent" Usage Never [path]
    403 file_unreadable FileUnreadable "file-unreadable" Partial Never [path cause]
    404 file_changed FileChanged "file-changed" Partial Never [path]
    405 file_special FileSpecial "file-special" Partial Never [path]
    406 name_unsendable NameUnsendable "name-unsendable" Partial Never [path]
    407 too_many_documents TooManyDocuments "too-many-documents" Refused Never [most]
    408 document_too_large DocumentTooLarge "document-too-large" Refused Never [name]
    409 quota_bytes QuotaBytes "quota-bytes" Refused Later []
    410 quota_documents QuotaDocuments "quota-documents" Refused Later []
    411 quota_entries QuotaEntries "quota-entries" Refused Later []
    412 too_many_uploads TooManyUploads "too-many-uploads" Refused Later []
    413 gateway_full GatewayFull "gateway-full" Refused Later []
    414 book_needed BookNeeded "book-needed" Usage Never [books]
    415 book_unknown BookUnknown "book-unknown" Usage Never [book]
    416 book_ambiguous BookAmbiguous "book-ambiguous" Usage Never [book books]
    417 plan_conflict PlanConflict "plan-conflict" Failed Never [submission]
    418 plan_damaged PlanDamaged "plan-damaged" Failed Never [path]
    419 submission_differs SubmissionDiffers "submission-differs" Failed Never []
    420 upload_expired UploadExpired "upload-expired" Unreachable Later []
    421 lease_lost LeaseLost "lease-lost" Failed Later []
    422 digests_differ DigestsDiffer "digests-differ" Partial Never [name]
    423 piece_refused PieceRefused "piece-refused" Unverified Later [code]
    424 nothing_left NothingLeft "nothing-left" Partial Never []
    425 some_not_sent SomeNotSent "some-not-sent" Partial Never [count]
    426 class_locked ClassLocked "class-locked" Refused Later []
    427 too_slow TooSlow "too-slow" Unreachable Later []
    428 send_again SendAgain "send-again" Unreachable Later [code]
    // F-05xx: Fetching.
    501 absent Absent "absent" Refused Never []
    502 folder_unwritable FolderUnwritable "folder-unwritable" Failed Never [path cause]
    503 name_changed NameChanged "name-changed" Done Never [name written]
    504 file_exists FileExists "file-exists" Partial Never [path]
    505 take_refused TakeRefused "take-refused" Unverified Never []
    506 take_expired TakeExpired "take-expired" Refused Later []
    507 document_gone DocumentGone "document-gone" Refused Never []
    508 document_frozen DocumentFrozen "document-frozen" Refused Never []
    509 content_damaged ContentDamaged "content-damaged" Unverified Later [name]
    510 disk_full_here DiskFullHere "disk-full-here" Failed Later [path needed]
    511 some_not_fetched SomeNotFetched "some-not-fetched" Partial Never [count]
    512 report_pending ReportPending "report-pending" Done Later []
    // F-06xx: Receipts.
    601 receipt_unreadable ReceiptUnreadable "receipt-unreadable" Failed Never [path cause]
    602 receipt_malformed ReceiptMalformed "receipt-malformed" Unverified Never [path]
    603 receipt_invalid ReceiptInvalid "receipt-invalid" Unverified Never [path]
    604 receipt_unknown ReceiptUnknown "receipt-unknown" Failed Never [receipt]
    605 receipt_ambiguous ReceiptAmbiguous "receipt-ambiguous" Usage Never [receipt]
    606 pin_needed PinNeeded "pin-needed" Unverified Never []
    607 pin_wrong PinWrong "pin-wrong" Usage Never []
    608 document_not_in_receipt DocumentNotInReceipt "document-not-in-receipt" Unverified Never [path]
    609 receipt_not_ours ReceiptNotOurs "receipt-not-ours" Unverified Later []
    610 receipt_erased ReceiptErased "receipt-erased" Refused Never []
    611 receipt_doubtful ReceiptDoubtful "receipt-doubtful" Doubtful Never [path since revoked]
    612 receipt_contradicted ReceiptContradicted "receipt-contradicted" Doubtful Never [path signed revoked]
    613 list_unusable ListUnusable "list-unusable" Failed Never [path cause]
    614 list_of_others ListOfOthers "list-of-others" Unverified Never [path]
    // F-07xx: The machine.
    701 interrupted Interrupted "interrupted" Interrupted Later []
    702 storage_failed StorageFailed "storage-failed" Storage Later [path cause]
    703 disk_failed DiskFailed "disk-failed" Failed Never [path cause]
    704 randomness_missing RandomnessMissing "randomness-missing" Failed Never []
    705 unexpected Unexpected "unexpected" Failed Later [cause]
    // F-08xx: The practice folder and its keys.
    801 folder_exists FolderExists "folder-exists" Usage Never [path]
    802 folder_not_practice FolderNotPractice "folder-not-practice" Usage Never [path]
    803 folder_format_unknown FolderFormatUnknown "folder-format-unknown" Failed Never [path]
    804 folder_open_to_others FolderOpenToOthers "folder-open-to-others" Failed Never [path]
    805 unlock_wrong UnlockWrong "unlock-wrong" Failed Never []
    806 unlock_missing UnlockMissing "unlock-missing" Usage Never []
    807 key_file_inside KeyFileInside "key-file-inside" Usage Never [path]
    808 key_file_unusable KeyFileUnusable "key-file-unusable" Failed Never [path cause]
    809 folder_held FolderHeld "folder-held" Failed Later [path]
    810 address_in_use AddressInUse "address-in-use" Failed Never [address]
    811 address_unusable AddressUnusable "address-unusable" Failed Never [address cause]
    812 host_wrong HostWrong "host-wrong" Usage Never [host]
    813 name_wrong NameWrong "name-wrong" Usage Never []
    814 socket_refused SocketRefused "socket-refused" Failed Never [path cause]
    815 kit_wrong KitWrong "kit-wrong" Usage Never []
    816 root_folder_unusable RootFolderUnusable "root-folder-unusable" Usage Never [path]
    817 socket_unusable SocketUnusable "socket-unusable" Failed Never [path cause]
    818 trial_practice TrialPractice "trial-practice" Done Never []
    819 kit_not_shown KitNotShown "kit-not-shown" Failed Never [path roots cause]
    820 token_not_built TokenNotBuilt "token-not-built" Usage Never []
    821 token_not_configured TokenNotConfigured "token-not-configured" Usage Never []
    822 token_module_unusable TokenModuleUnusable "token-module-unusable" Failed Never [path cause]
    823 token_absent TokenAbsent "token-absent" Failed Later [token count]
    824 token_pin_missing TokenPinMissing "token-pin-missing" Usage Never []
    825 token_pin_unusable TokenPinUnusable "token-pin-unusable" Failed Never [path cause]
    826 token_pin_wrong TokenPinWrong "token-pin-wrong" Failed Never [token]
    827 token_pin_locked TokenPinLocked "token-pin-locked" Failed Never [token]
    828 token_key_unusable TokenKeyUnusable "token-key-unusable" Unverified Never [key cause]
    829 token_signature_wrong TokenSignatureWrong "token-signature-wrong" Unverified Never []
    830 token_failed TokenFailed "token-failed" Failed Later [cause]
    // F-09xx: The gateway's records.
    901 ledger_damaged LedgerDamaged "ledger-damaged" Done Never [path]
    902 journal_damaged JournalDamaged "journal-damaged" Unverified Never [path offset]
    903 journal_rolled_back JournalRolledBack "journal-rolled-back" Unverified Never [path]
    904 vault_damaged VaultDamaged "vault-damaged" Unverified Never [path offset]
    905 key_missing KeyMissing "key-missing" Unverified Never [path]
    906 acceptance_without_document AcceptanceWithoutDocument "acceptance-without-document" Unverified Never [submission]
    907 clock_ahead ClockAhead "clock-ahead" Refused Never [now newest]
    908 medium_can_not_forget MediumCanNotForget "medium-can-not-forget" Done Never [path cause]
    909 record_cut RecordCut "record-cut" Done Never [path bytes]
    911 disk_low DiskLow "disk-low" Done Later [free]
    912 keys_unusable KeysUnusable "keys-unusable" Unverified Never [path]
    913 journal_head_missing JournalHeadMissing "journal-head-missing" Unverified Never [path]
    914 record_missing RecordMissing "record-missing" Unverified Never [path]
    915 entry_unreadable EntryUnreadable "entry-unreadable" Unverified Never [entry cause]
    916 clock_behind ClockBehind "clock-behind" Done Later [now newest]
    // F-10xx: People, books and invitations.
    1001 book_name_repeats BookNameRepeats "book-name-repeats" Done Never [name]
    1003 invitation_unknown InvitationUnknown "invitation-unknown" Usage Never [invitation]
    1004 digits_malformed DigitsMalformed "digits-malformed" Usage Never []
    1005 invitation_not_used InvitationNotUsed "invitation-not-used" Failed Later [invitation]
    1006 book_required BookRequired "book-required" Usage Never [role]
    1007 book_not_for_role BookNotForRole "book-not-for-role" Usage Never [role]
    // F-12xx: The practice's keys.
    1201 rotation_not_due RotationNotDue "rotation-not-due" Usage Never [kind phase due]
    1202 rotation_excluded RotationExcluded "rotation-excluded" Failed Later [kind other]
    1203 rotation_behind RotationBehind "rotation-behind" Refused Never [kind count]
    1204 root_answer RootAnswer "root-answer" Unverified Never [cause]
    1205 root_file RootFile "root-file" Failed Never [path cause]
    1206 crl_over CrlOver "crl-over" Done Later [authority cause]
    1207 crl_not_renewed CrlNotRenewed "crl-not-renewed" Done Later [authority cause]
    1208 crl_file CrlFile "crl-file" Done Later [authority cause]
    1209 ends_soon EndsSoon "ends-soon" Done Never [count]
    // F-13xx: Rights that end, rest, come back or change.
    1301 device_unknown DeviceUnknown "device-unknown" Usage Never [device]
    1302 person_unknown PersonUnknown "person-unknown" Usage Never [person]
    1303 person_ambiguous PersonAmbiguous "person-ambiguous" Usage Never [person ids]
    1304 last_admin LastAdmin "last-admin" Refused Never []
    1305 not_suspended NotSuspended "not-suspended" Refused Never [name]
    1306 rights_final RightsFinal "rights-final" Refused Never [name]
    1307 partner_needs_end PartnerNeedsEnd "partner-needs-end" Usage Never []
    1308 role_fixed RoleFixed "role-fixed" Refused Never []
    1309 grant_unknown GrantUnknown "grant-unknown" Refused Never [person book]
    1310 date_wrong DateWrong "date-wrong" Usage Never [date]
    1311 reason_wrong ReasonWrong "reason-wrong" Usage Never [reason]
    1312 invitation_closed InvitationClosed "invitation-closed" Refused Never [invitation]
    1313 few_admins FewAdmins "few-admins" Done Never [admins]
    1314 not_recorded_yet NotRecordedYet "not-recorded-yet" Done Never [cause]
    1315 not_kept NotKept "not-kept" Done Never [cause]
    1316 denials_waiting DenialsWaiting "denials-waiting" Done Never [count]
    1317 not_confirmed_here NotConfirmedHere "not-confirmed-here" Usage Never [name]
    1318 device_not_theirs DeviceNotTheirs "device-not-theirs" Usage Never [device]
    1319 grant_form GrantForm "grant-form" Usage Never []
    1320 invite_form InviteForm "invite-form" Usage Never []
    1321 invitation_contested InvitationContested "invitation-contested" Done Never [id person first command]
    1322 since_ahead SinceAhead "since-ahead" Usage Never [since]
}

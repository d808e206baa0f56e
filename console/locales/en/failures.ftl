### Three sentences a failure: what happened (err-), why (why-), what to do (next-).

## F-01xx: The command line, questions and the configuration.

err-argument-unknown = The argument { $argument } is not known.
why-argument-unknown = This command has no such argument; it may be misspelt.
next-argument-unknown = Run it again with --help to see what there is.

err-argument-missing = { $argument } is missing.
why-argument-missing = Without it the command does not know what to do.
next-argument-missing = Add it and run again; --help shows examples.

err-argument-wrong = { $argument } can not be “{ $value }”.
why-argument-wrong = What is needed here: { $expected }.
next-argument-wrong = Correct it and run again.

err-arguments-conflict = { $argument } and { $other } can not be used together.
why-arguments-conflict = They ask for things that contradict each other.
next-arguments-conflict = Keep one of them and run again.

err-command-unknown = There is no command “{ $command }”.
why-command-unknown = It may be misspelt, or this program is older than you think.
next-command-unknown = Run with --help to see the commands.

err-usage-wrong = The command line is wrong: { $cause }
why-usage-wrong = The program did not understand the line and did nothing.
next-usage-wrong = Run it again with --help to see how it is written.

err-answer-needed = Somebody has to answer: { $question }
why-answer-needed = There is no terminal to ask at, or nothing may be asked.
next-answer-needed = If the answer is yes, run again with --yes; else run it in a terminal.

err-option-needed = { $option } is needed.
why-option-needed = There is no terminal to ask at, or nothing may be asked.
next-option-needed = Run again with { $option }, or run it in a terminal.

err-declined = Stopped as you answered; nothing was changed.
why-declined = You did not answer yes.
next-declined = Run it again whenever you like.

err-passphrases-differ = The two passphrases are not the same.
why-passphrases-differ = One of them may be mistyped.
next-passphrases-differ = Run it again and type slowly.

err-passphrase-weak = The passphrase is too short: at least { $least } characters.
why-passphrase-weak = A short one is guessed in minutes by whoever has the disk.
next-passphrase-weak = Make one of several unrelated words and run again.

err-setting-unknown = The setting “{ $key }” is not known ({ $place }).
why-setting-unknown = A misspelt setting that is silently ignored would seem to work, so the program does not start.
next-setting-unknown = Correct or remove the line; config show lists every setting.

err-setting-wrong = The setting { $key } can not be “{ $value }” ({ $place }).
why-setting-wrong = What is needed here: { $expected }.
next-setting-wrong = Correct it and run again.

err-setting-weakens = The setting { $key } = { $value } would weaken protection and is refused ({ $place }).
why-setting-weakens = The bound is { $bound }; it may be made tighter, never looser.
next-setting-weakens = Bring it within the bound, or remove the line to use the default.

err-configuration-unreadable = The configuration file { $path } can not be read: { $cause }
why-configuration-unreadable = It does not exist, may not be read, or is too large.
next-configuration-unreadable = Check its path and permissions and run again.

err-configuration-malformed = The configuration file { $path } is wrong at line { $line }: { $cause }
why-configuration-malformed = The format is TOML, and the program does not understand it from there.
next-configuration-malformed = Correct the line and run again.

err-period-wrong = The period can not be “{ $value }”.
why-period-wrong = A period is a month like 2026-11 or a year like 2026.
next-period-wrong = For example: --period 2026-11

err-class-wrong = There is no class “{ $value }”.
why-class-wrong = The classes are public, internal and confidential.
next-class-wrong = Choose one of them and run again.

err-kind-wrong = There is no kind “{ $value }”.
why-kind-wrong = The kinds are: { $known }.
next-kind-wrong = Choose the nearest; other is for whatever fits none.

err-role-wrong = There is no role “{ $value }”.
why-role-wrong = The roles are client, bookkeeper, supervisor, admin, auditor and partner.
next-role-wrong = Choose one and run again.

err-language-unknown = The language “{ $value }” is not spoken here.
why-language-unknown = This program speaks zh-CN and en.
next-language-unknown = Use --lang zh-CN or --lang en.

## F-02xx: Who this device is: enrolment and certificates.

err-not-enrolled = This device is not enrolled with any practice yet ({ $home }).
why-not-enrolled = Without enrolment there is no certificate, and no gateway talks to it.
next-not-enrolled = Ask your bookkeeper for an invitation, then run: counterfoil enrol INVITATION

err-practice-ambiguous = Please say which practice is meant.
why-practice-ambiguous = This device is enrolled with several: { $practices }.
next-practice-ambiguous = Run again with --practice NAME.

err-practice-unknown = This device is not enrolled with “{ $practice }”.
why-practice-unknown = The name may be misspelt, or the enrolment is in another folder (--home).
next-practice-unknown = Run counterfoil status to see the practices.

err-home-unusable = The folder { $path } can not be used: { $cause }
why-home-unusable = The program keeps its keys, receipts and unfinished sendings there.
next-home-unusable = Check its permissions, or name another with --home.

err-home-busy = Another counterfoil is using { $path }.
why-home-busy = Only one at a time may send or fetch from one folder.
next-home-busy = Wait until it is done and run again.

err-device-unlock-wrong = The passphrase is wrong; this device's keys stay closed.
why-device-unlock-wrong = A passphrase was set when the device was enrolled.
next-device-unlock-wrong = Try again; if it is lost, ask an admin for a new invitation.

err-keychain-closed = The system's keychain does not open this device's keys: { $cause }
why-keychain-closed = It may be locked, or belong to another account of this computer.
next-keychain-closed = Log in as who enrolled this device, unlock the keychain and run again; if its entry is lost, ask an admin for a new invitation.

err-keychain-missing = There is no keychain here, and nobody can be asked for a passphrase.
why-keychain-missing = The device's keys are not left unprotected unless you say so.
next-keychain-missing = Add --passphrase-file FILE, or --plain-keys if whoever reads this account's files may act as this device.

err-device-key-damaged = This device's key file is damaged: { $path }
why-device-key-damaged = Its content is not what was written.
next-device-key-damaged = Restore the file from a backup, or ask an admin for a new invitation.

err-already-enrolled = This device is already enrolled with “{ $practice }”.
why-already-enrolled = Once is enough for one device and one practice.
next-already-enrolled = Just go on: counterfoil status

err-invitation-group-wrong = Group { $group } of the invitation code is wrong.
why-invitation-group-wrong = The code checks itself, so a mistyped letter shows where it is.
next-invitation-group-wrong = Compare group { $group } with what you were given and try again.

err-invitation-malformed = This is not a whole invitation.
why-invitation-malformed = Some characters may be missing, or others were copied along.
next-invitation-malformed = Copy the whole word that begins with CF1, or type the 25-letter code with --at ADDRESS.

err-invitation-address-needed = Please say where the gateway is.
why-invitation-address-needed = The short code carries no address; only the long word beginning with CF1 does.
next-invitation-address-needed = Run: counterfoil enrol CODE --at ADDRESS

err-invitation-expired = This invitation has expired.
why-invitation-expired = It is valid for a limited time only, so that an old one is of no use to a finder.
next-invitation-expired = Ask the person who invited you for another.

err-invitation-taken = This invitation was used by another device.
why-invitation-taken = It was { $at }, by a device called “{ $device }”. One invitation enrols one device; if that was not yours, somebody may have intercepted it.
next-invitation-taken = Call the person who invited you at once, and ask for a new one.

err-invitation-locked = This invitation was tried wrongly too often and is locked.
why-invitation-locked = That keeps others from guessing codes.
next-invitation-locked = Ask the person who invited you for another.

err-invitation-refused = The gateway does not accept this invitation.
why-invitation-refused = It is mistyped, expired, withdrawn or of another practice; the gateway does not say which, so as not to help a guesser.
next-invitation-refused = Check it and try again; if that fails, ask for a new one.

err-enrolment-paused = Too many wrong tries came from your network; the gateway asks for ten minutes.
why-enrolment-paused = That keeps others from guessing codes.
next-enrolment-paused = Run the same line again in ten minutes.

err-practice-differs = The other side is not the practice of the invitation.
why-practice-differs = The invitation says { $expected }, the other side is { $found }. The address may be wrong, or somebody pretends.
next-practice-differs = Do not go on. Call the person who invited you.

err-digits-differ = The check digits differ; the enrolment was not confirmed.
why-digits-differ = Different digits mean that this is not the same device, and somebody may be pretending.
next-digits-differ = Ask by telephone which device was enrolled; if it was not theirs, do not confirm, and invite anew.

err-not-confirmed = This device still waits for an admin.
why-not-confirmed = An admin first compares the check digits on your screen: { $digits }
next-not-confirmed = Read them to an admin, and run the same line after they have confirmed.

err-device-refused = The gateway does not accept this device.
why-device-refused = Its certificate was revoked, or it belongs to nobody any more.
next-device-refused = Ask an admin of the practice; the receipts you have stay valid.

err-certificate-expired = This device's certificate expired on { $until }.
why-certificate-expired = The device was offline too long and missed the automatic renewal.
next-certificate-expired = Ask an admin of the practice for a new invitation; the receipts you have stay valid.

err-gateway-not-genuine = { $address } is not the gateway of the practice you enrolled with: { $cause }
why-gateway-not-genuine = It has no certificate of the practice that was pinned at enrolment. Nothing was sent.
next-gateway-not-genuine = Check the network and the address; if it happens again, call the practice.

err-clocks-differ = This device's clock and the gateway's differ.
why-clocks-differ = It is { $here } here and { $there } there; with a wrong clock, certificates look invalid.
next-clocks-differ = Set the clock to adjust itself and run the same line again.

err-enrolment-failed = The enrolment did not succeed: { $cause }
why-enrolment-failed = The other side's answer was not as agreed; the program stopped before anything was sent.
next-enrolment-failed = Run it again; if it fails again, ask for a new invitation.

err-renewal-needed = The gateway says that this device's certificate must be renewed first.
why-renewal-needed = By the gateway's clock it has expired; by this computer's it has not, so one of the two clocks is wrong.
next-renewal-needed = Set this computer's clock to adjust itself and run the same line again; the certificate then renews itself.

err-clock-shows = This computer's clock shows { $here }.
why-clock-shows = By that clock the gateway's certificate is not in force. Nothing else is wrong with it, so the clock may be.
next-clock-shows = Look at date and time, set the clock to adjust itself and run the same line again.

err-identity-superseded = This device's identity is in use on another machine already.
why-identity-superseded = A newer certificate of it has been used; a copy of this folder may be running elsewhere.
next-identity-superseded = If you made no copy, call an admin of the practice at once; else use the newer one, or ask for a new invitation.

err-renewal-refused = The gateway did not renew this device's certificate.
why-renewal-refused = The request was not proven by the keys that it must be proven by.
next-renewal-refused = Ask an admin of the practice for a new invitation; the receipts you have stay valid.

err-trust-stale = What the gateway says of its keys is more than 30 days old.
why-trust-stale = It signs that anew every day. Somebody who keeps newer keys from you would look like this; a gateway in trouble does, too.
next-trust-stale = Call your practice and ask whether its gateway has moved or its keys were exchanged.

err-factor-needed = This needs a code of your second factor.
why-factor-needed = The gateway wants to know that it is you who asks, and nobody can be asked for the code here.
next-factor-needed = Run the same line at a terminal, or put the code into a file and add --code-file FILE (- is the input).

err-factor-missing = This needs a second factor, and you have none yet.
why-factor-missing = Whoever copies this device's keys could otherwise do the same.
next-factor-missing = Run “counterfoil factor enrol” with your phone at hand, then the same line again.

err-factor-wrong = The code is wrong, or was used before.
why-factor-wrong = A code is good once, for about half a minute; a recovery code is good once.
next-factor-wrong = Wait for the next code on your phone, see that its clock is right, and run the same line again.

err-factor-paused = Too many codes were wrong; none is looked at for a quarter of an hour.
why-factor-paused = Wrong codes are counted for you as a person, over all devices, so that nobody can guess.
next-factor-paused = Wait, then run the same line again. If the wrong codes were not yours, tell an admin now.

err-factor-locked = Too many codes were wrong in one day; your second factor is locked.
why-factor-locked = Wrong codes are counted for you as a person, over all devices, so that nobody can guess.
next-factor-locked = Ask for “counterfoil-gateway factor reset” at the gateway, then enrol a new one.

err-factor-exists = You have a second factor already.
why-factor-exists = A new phone may replace the old one only for who can still show a code.
next-factor-exists = Run “counterfoil factor remove” first, with a code of the phone or a recovery code.

err-factor-code-malformed = This is not a code.
why-factor-code-malformed = A code has six digits; a recovery code has three groups of four letters and digits.
next-factor-code-malformed = Type it again; nothing was sent, and no try was counted.

err-factor-staff-only = A second factor is for people of the practice; you are here as { $role }.
why-factor-staff-only = Clients fetch back only what is their own.
next-factor-staff-only = Nothing is to be done.

err-admin-only = The office is for admins; you are here as { $role }.
why-admin-only = Whoever runs the practice is named by it, not by a device.
next-admin-only = Ask an admin of the practice.

err-at-the-gateway = This can be done at the gateway's own machine alone.
why-at-the-gateway = What makes authority, or takes a lock away, is not to be had over the network.
next-at-the-gateway = Log in there and run the same with “counterfoil-gateway … --dir DIR”.

## F-03xx: The connection.

err-gateway-unreachable = The gateway { $address } can not be reached: { $cause }
why-gateway-unreachable = There may be no network, a firewall may stop UDP, or the gateway does not run.
next-gateway-unreachable = Run the same line again when the network is back; it goes on where it stopped.

err-connection-lost = The connection to { $address } was lost, and trying again did not bring it back.
why-connection-lost = The network was away too long.
next-connection-lost = Run the same line again; it goes on where it stopped, and what arrived is not sent again.

err-version-unsupported = This program and the gateway speak no version in common.
why-version-unsupported = One of them is too old.
next-version-unsupported = Update this program; if that does not help, tell the practice.

err-gateway-stopping = The gateway is stopping.
why-gateway-stopping = It is being maintained or started anew; what arrived is kept.
next-gateway-stopping = Run the same line again in some minutes.

err-gateway-busy = The gateway is too busy at the moment.
why-gateway-busy = Many want something of it at once.
next-gateway-busy = Run the same line again a little later.

err-gateway-failed = Something failed in the gateway.
why-gateway-failed = Its log says what; what arrived is kept.
next-gateway-failed = Run the same line again later; if it fails again, tell the practice.

err-too-fast = Too many requests; the gateway asks for a pause.
why-too-fast = A device may ask only so often in a minute.
next-too-fast = Run the same line again in a minute.

err-clock-held = The gateway's clock has jumped, and it signs nothing for now.
why-clock-held = A signature names a time; while the time is in doubt, the gateway waits for an admin.
next-clock-held = What arrived is kept; run the same line again after an admin has confirmed the clock.

err-request-refused = The gateway refused the request ({ $code }).
why-request-refused = It did not understand it, or not at this point; most likely a program is wrong.
next-request-refused = Update this program; if that does not help, tell the practice this code.

err-answer-malformed = The gateway's answer is not understood: { $cause }
why-answer-malformed = The program accepts only what was agreed, and stops at anything else.
next-answer-malformed = Update this program; if that does not help, tell the practice.

## F-04xx: Sending.

err-nothing-to-send = There is nothing to send.
why-nothing-to-send = The folders given are empty, or hold no file that can be sent.
next-nothing-to-send = Check the paths and run again.

err-path-absent = There is no file or folder { $path }
why-path-absent = The path may be misspelt, or the file was moved.
next-path-absent = Correct it and run again; nothing was sent.

err-file-unreadable = The file { $path } can not be read: { $cause }
why-file-unreadable = It may not be read, or another program holds it. The others are sent.
next-file-unreadable = Close that program or change the permissions, and run the same line again.

err-file-changed = The file changed while it was read: { $path }
why-file-changed = Nobody can sign for content that changes, so it was withdrawn. The others are sent.
next-file-changed = Save and close it, and run the same line again; it goes in a submission of its own.

err-file-special = { $path } was not sent: it is no ordinary file.
why-file-special = Links, pipes and devices are not sent, since what they point to lies elsewhere.
next-file-special = If it is needed, copy the real file and send that.

err-name-unsendable = { $path } was not sent: its name is too long, or no UTF-8 text.
why-name-unsendable = A name with its folders may have 1,024 bytes, and must be the same to everybody who reads it. The others are sent.
next-name-unsendable = Change the name and run the same line again.

err-too-many-documents = Too many documents: at most { $most } at once.
why-too-many-documents = One receipt has to cover a submission.
next-too-many-documents = Send them in several goes, for example folder by folder.

err-document-too-large = The document is too large: { $name }
why-document-too-large = It is over the size that the gateway allows.
next-document-too-large = Ask the practice how to hand it in.

err-quota-bytes = This device has sent as much as it may in a day.
why-quota-bytes = There is a daily limit, against misuse.
next-quota-bytes = Run the same line again tomorrow, it goes on where it stopped; if it is urgent, call the practice.

err-quota-documents = This device has sent as many documents as it may in a day.
why-quota-documents = There is a daily limit, against misuse.
next-quota-documents = Run the same line again tomorrow, it goes on where it stopped; if it is urgent, call the practice.

err-quota-entries = You have made as many entries in the record as one person may in a day.
why-quota-entries = There is a daily limit, against misuse.
next-quota-entries = Run the same line again tomorrow; if it is urgent, call the practice.

err-too-many-uploads = Too many sendings are unfinished.
why-too-many-uploads = One person may have only so many open at once.
next-too-many-uploads = Finish or drop the old ones: counterfoil status

err-gateway-full = The gateway's disk is nearly full, and it takes nothing in.
why-gateway-full = The practice's admin has to act; your device is fine. What arrived is kept.
next-gateway-full = Tell the practice, and run the same line again when there is room.

err-book-needed = Please say which book is meant.
why-book-needed = The books you may use: { $books }.
next-book-needed = Run again with --book NAME.

err-book-unknown = There is no book “{ $book }”, or it is not for you.
why-book-unknown = The name may be misspelt; the gateway answers the same in both cases.
next-book-unknown = Run counterfoil books to see yours; at the gateway, counterfoil-gateway book list shows all.

err-book-ambiguous = Several books are called “{ $book }”.
why-book-ambiguous = Names may repeat, ids do not: { $books }
next-book-ambiguous = Run again with the id in place of the name.

err-plan-damaged = The record of an unfinished sending is damaged: { $path }
why-plan-damaged = Its content is not what was written, so it can not be followed.
next-plan-damaged = Move the file away and run the same line again; it starts anew, and what the gateway holds is not sent again.

err-submission-differs = The gateway has a submission of the same id with other content.
why-submission-differs = An id stands for one set of documents.
next-submission-differs = Drop the unfinished sending and send anew.

err-upload-expired = This sending stood still too long, and the gateway dropped what had arrived.
why-upload-expired = An unfinished sending is kept for seven days.
next-upload-expired = Run the same line again; it starts anew under the same id.

err-lease-lost = Another program is sending the same documents.
why-lease-lost = The later connection has taken over, so this one stopped.
next-lease-lost = See whether counterfoil runs in another window; if none does, run the same line again.

err-digests-differ = What arrived is not what is on this device: { $name }
why-digests-differ = The file changed while it was sent, or the disk gave wrong bytes.
next-digests-differ = Run the same line again; it is read and compared anew.

err-piece-refused = The gateway refused a piece ({ $code }).
why-piece-refused = It is not the one announced: the file changed, or something went wrong on the way.
next-piece-refused = Run the same line again; it is read and compared anew.

err-nothing-left = Nothing is left of this submission.
why-nothing-left = Every document was unreadable or changed while it was read, so there is nothing to sign for.
next-nothing-left = Close the programs that change them and run the same line again.

err-some-not-sent =
    { $count ->
        [one] One document was not sent; the others have a receipt.
       *[other] { $count } documents were not sent; the others have a receipt.
    }
why-some-not-sent = The reason for each stands above.
next-some-not-sent = Put it right and run the same line again: what was received is skipped.

err-class-locked = Documents of this class are locked at the moment.
why-class-locked = Confidential documents wait until people of the practice have opened them.
next-class-locked = Ask the practice to open them, and run the same line again.

err-too-slow = Sending was too slow, and the gateway let the connection go.
why-too-slow = The network is very unsteady; what arrived is kept.
next-too-slow = Run the same line again on a better network; it goes on where it stopped.

err-send-again = The gateway asks to go over this sending again ({ $code }).
why-send-again = Things changed at the gateway while it was sent.
next-send-again = Run the same line again; the program compares and sends what is missing.

## F-05xx: Fetching.

err-absent = There is nothing here by that name, or it is not for you.
why-absent = The gateway answers the same for both, so that it gives nothing away.
next-absent = Check the name or id; if it should be there, ask the practice.

err-folder-unwritable = The folder { $path } can not be written: { $cause }
why-folder-unwritable = It may not be written, or is no folder.
next-folder-unwritable = Name another: --to FOLDER

err-name-changed = “{ $name }” was saved as “{ $written }”.
why-name-changed = Its name has characters that this system forbids or that mislead, or another file has it.
next-name-changed = Nothing to do; receipt and lists keep the original name.

err-file-exists = A file that is there was not overwritten: { $path }
why-file-exists = It has the same name and other content; the program never overwrites your files.
next-file-exists = Move it away or name another folder (--to), and run the same line again.

err-take-refused = The gateway does not accept this signed list.
why-take-refused = It does not fit what the gateway holds; something may just have changed.
next-take-refused = Run the same line again; it lists and signs anew.

err-take-expired = This take has expired.
why-take-expired = Not everything was fetched within seven days of signing.
next-take-expired = Run the same line again; it signs anew and fetches the rest.

err-document-gone = This document was lawfully destroyed.
why-document-gone = The record says when and by whose decision; the content can not come back.
next-document-gone = Ask the practice if you need to know more.

err-document-frozen = This document is frozen.
why-document-frozen = The law wants it kept, and not used for anything else.
next-document-frozen = Ask the practice if you need to know more.

err-content-damaged = What was fetched is not what was recorded: { $name }
why-content-damaged = The check failed and nothing was saved. The line may have failed, or the file at the gateway is damaged.
next-content-damaged = Run the same line again; if it fails again, tell the practice at once.

err-disk-full-here = There is not enough room on this device: { $path }
why-disk-full-here = Still needed: { $needed }.
next-disk-full-here = Make room or name another folder, and run the same line again; it goes on where it stopped.

err-some-not-fetched =
    { $count ->
        [one] One document was not fetched; the others are saved and checked.
       *[other] { $count } documents were not fetched; the others are saved and checked.
    }
why-some-not-fetched = The reason for each stands above.
next-some-not-fetched = Put it right and run the same line again: what was fetched is skipped.

err-report-pending = Everything is fetched and checked, but the gateway does not know yet.
why-report-pending = The connection was lost at the end; the sender does not see “fetched” yet.
next-report-pending = Nothing to fetch again; it is reported with the next connection.

## F-06xx: Receipts.

err-receipt-unreadable = The receipt file { $path } can not be read: { $cause }
why-receipt-unreadable = It does not exist, may not be read, or is too large.
next-receipt-unreadable = Check the path; a lost receipt can be had again: counterfoil receipt list

err-receipt-malformed = { $path } is not a whole receipt.
why-receipt-malformed = The file was cut, changed, or is something else altogether.
next-receipt-malformed = Get the same receipt again from the gateway, or name another file.

err-receipt-invalid = The receipt does not verify: { $path }
why-receipt-invalid = The property that fails stands above.
next-receipt-invalid = Do not rely on it; get it again from the gateway, and if that fails too, call the practice and keep this file.

err-receipt-unknown = There is no receipt { $receipt }.
why-receipt-unknown = It may be mistyped, or belong to another practice.
next-receipt-unknown = Run counterfoil receipt list to see them all.

err-receipt-ambiguous = Several receipts begin with { $receipt }.
why-receipt-ambiguous = The id is too short.
next-receipt-ambiguous = Write more of it and run again.

err-pin-needed = Without the practice's pin no receipt is valid.
why-pin-needed = The signatures must be those of one given practice; with none given, anybody could have made them.
next-pin-needed = Verify again with --practice PIN (26 characters, printed in the practice's papers).

err-pin-wrong = This is not the pin of a practice.
why-pin-wrong = A pin has 26 characters; the practice id of 16 is only a name and proves nothing.
next-pin-wrong = Take the pin from counterfoil status or from the practice's papers.

err-document-not-in-receipt = This receipt does not name the content of { $path }
why-document-not-in-receipt = It was not in that submission, or was changed since, if only by one byte.
next-document-not-in-receipt = Verify again with the file as it was sent.

err-receipt-not-ours = The gateway's receipt does not fit what was sent, and was not kept.
why-receipt-not-ours = It does not hold the list that this device has signed.
next-receipt-not-ours = Run the same line again; if it fails again, call the practice at once.

err-receipt-erased = The content of this receipt was lawfully erased.
why-receipt-erased = The record still proves that it existed, but nobody can read it any more.
next-receipt-erased = The receipt file that you kept is still valid.

err-receipt-doubtful = Doubtful: somebody else may have signed “{ $path }”.
why-receipt-doubtful = The sender's key may have been in other hands since { $since }, and was revoked on { $revoked }; the signature is from between these.
next-receipt-doubtful = Ask the sender, and do not rely on this receipt alone.

err-receipt-contradicted = Doubtful: the list and “{ $path }” contradict each other.
why-receipt-contradicted = By the list the sender was revoked on { $revoked }; the practice has signed for the same sender on { $signed }. A gateway takes nothing of who is revoked.
next-receipt-contradicted = Keep both files: the practice has signed both and must explain them.

err-list-unusable = The revocation list “{ $path }” can not be used: { $cause }
why-list-unusable = A file has lists in PEM, or one in DER, as crl export writes it.
next-list-unusable = Ask the practice for its revocation lists.

err-list-of-others = “{ $path }” has no list of the authority that certified the sender.
why-list-of-others = A list speaks only of the certificates that its own authority has signed; its signature must hold under that authority.
next-list-of-others = Ask the practice for all of its lists: crl export without --der.

## F-07xx: The machine.

err-interrupted = Interrupted.
why-interrupted = Somebody pressed Ctrl-C, or the system asked to stop. What is done is kept.
next-interrupted = Run the same line again; it goes on where it stopped.

err-storage-failed = The disk did not confirm a write to { $path }: { $cause }
why-storage-failed = After a failed write the next one may only seem to succeed, so the program stopped at once.
next-storage-failed = Check the disk and start again; it recovers from its records.

err-disk-failed = Reading or writing { $path } failed: { $cause }
why-disk-failed = The disk, the permissions or the file system are at fault.
next-disk-failed = Put it right and run again.

err-randomness-missing = The system gives no random numbers.
why-randomness-missing = No key can be made safely without them, so the program stopped.
next-randomness-missing = Check the system (a container may lack /dev/urandom) and run again.

err-unexpected = Something unexpected happened: { $cause }
why-unexpected = This is most likely a fault of the program.
next-unexpected = Run it again; if it happens again, tell the practice these words.

## F-08xx: The practice folder and its keys.

err-folder-exists = { $path } is there already and is not empty.
why-folder-exists = A practice folder is never overwritten.
next-folder-exists = Name another folder with --dir.

err-folder-not-practice = { $path } is not a practice folder.
why-folder-not-practice = There is no vault.json in it; the path may be wrong, or init was not run.
next-folder-not-practice = Check --dir; to make one, run: counterfoil-gateway init

err-folder-format-unknown = { $path } was written by a newer version.
why-folder-format-unknown = This version does not know its format, and touched nothing.
next-folder-format-unknown = Open it with the newer program.

err-folder-open-to-others = Others can read { $path }
why-folder-open-to-others = Keys and configuration are for the account that runs the gateway alone.
next-folder-open-to-others = Run: chmod -R go-rwx { $path }

err-unlock-wrong = It does not unlock: the key file or passphrase is wrong.
why-unlock-wrong = It opens none of the unlock slots.
next-unlock-wrong = Use the right one; if it is lost, use the printed recovery words.

err-unlock-missing = Nothing to unlock with was given.
why-unlock-missing = The gateway has to unlock the vault before it can serve.
next-unlock-missing = Add --key-file FILE or --passphrase-file FILE, or name it in the configuration.

err-key-file-inside = The key file may not be in the practice folder: { $path }
why-key-file-inside = Whoever took the folder would have the key with it.
next-key-file-inside = Put it elsewhere, best on another disk.

err-key-file-unusable = The key or passphrase file { $path } can not be used: { $cause }
why-key-file-unusable = It can not be read, is not whole, or can be read by others.
next-key-file-unusable = Check the file and its permissions (0600) and run again.

err-folder-held = Another gateway holds { $path }
why-folder-held = Only one gateway may use a folder at a time.
next-folder-held = Stop that gateway first and run again.

err-address-in-use = The address { $address } is in use.
why-address-in-use = Another program has this UDP port, maybe another gateway.
next-address-in-use = Stop it, or choose another port with --listen.

err-address-unusable = { $address } can not be listened on: { $cause }
why-address-unusable = This machine has no such address, or the port is not allowed.
next-address-unusable = Choose another with --listen.

err-host-wrong = “{ $host }” can not be the gateway's host name.
why-host-wrong = A name like gw.example.cn or an IP is needed; it goes into the certificate.
next-host-wrong = Correct --host and run again.

err-name-wrong = This name can not be used.
why-name-wrong = A name may not be empty, nor longer than 200 bytes.
next-name-wrong = Choose another and run again.

err-socket-refused = The running gateway can not be talked to at { $path }: { $cause }
why-socket-refused = Its administration is open only to the account that runs it.
next-socket-refused = Run as that account, for example: sudo -u counterfoil …

err-kit-wrong = The recovery words are wrong.
why-kit-wrong = They are 12 English words, in their order.
next-kit-wrong = Type them from the printed sheet one by one and try again.

err-root-folder-unusable = Root and spare can not go to { $path }.
why-root-folder-unusable = It lies inside the practice folder, or a root file is there already.
next-root-folder-unusable = Name another folder with --root-out.

err-socket-unusable = The administration socket { $path } can not be opened: { $cause }
why-socket-unusable = Commands reach a running gateway by it, so the gateway does not start without.
next-socket-unusable = Check the folder and its rights, then start again.

err-trial-practice = This practice is for trials only.
why-trial-practice = Its recovery words and root files are sealed with a cheap work factor, which a guesser beats.
next-trial-practice = Keep no real documents in it; for a real practice run init without --trial.

err-kit-not-shown = The recovery kit could not be shown ({ $cause }), so there is no practice in { $path }.
why-kit-not-shown = A kit is shown only once, and the practice was not finished without it. Nothing is in it yet.
next-kit-not-shown = Remove { $path }, and root and spare in { $roots }. Then run init again where its output can be seen.

err-token-not-built = This build of the gateway has no PKCS#11.
why-token-not-built = The configuration names a token (pkcs11.module), and the program was built without its feature “pkcs11”.
next-token-not-built = Use a build with it (cargo build --release --features pkcs11), or set pkcs11.required = false to run without issuing anything.

err-token-not-configured = The issuing key is in a token, and the configuration names none.
why-token-not-configured = The key was made in a token and can not be taken out.
next-token-not-configured = Set pkcs11.module, pkcs11.token and pkcs11.pin_file in counterfoil.toml.

err-token-module-unusable = The PKCS#11 module { $path } does not load: { $cause }
why-token-module-unusable = It is not there, is for another kind of machine, or refuses to begin.
next-token-module-unusable = Check pkcs11.module, and that the service's account may read it and what it needs.

err-token-absent = Tokens called “{ $token }” found: { $count }. There must be exactly one.
why-token-absent = It is not plugged in, not initialized, called otherwise, or another one has the same name.
next-token-absent = Plug it in, or correct pkcs11.token and pkcs11.serial; pkcs11-tool --list-token-slots shows what there is.

err-token-pin-missing = There is no PIN for the token.
why-token-pin-missing = The PIN comes from a file or from the service manager, never from a flag or the environment.
next-token-pin-missing = Name a file in pkcs11.pin_file (mode 0600), or hand the credential counterfoil.pin to the service.

err-token-pin-unusable = The PIN can not be read from { $path }: { $cause }
why-token-pin-unusable = It is not there, is empty, or can be read by others.
next-token-pin-unusable = Check the file and its permissions (0600) and run again.

err-token-pin-wrong = The token “{ $token }” refuses the PIN.
why-token-pin-wrong = It is wrong. Tokens lock themselves after a few wrong tries.
next-token-pin-wrong = Correct the file before the next start; do not let a service manager start it again and again.

err-token-pin-locked = The PIN of the token “{ $token }” is locked, or will be by one more wrong try; it was not tried.
why-token-pin-locked = It was wrong several times.
next-token-pin-locked = Correct the PIN, unlock it with the maker's tool or log in there once with the right one, and run again.

err-token-key-unusable = The issuing key { $key } in the token can not be used: { $cause }
why-token-key-unusable = It is another token, or somebody has deleted or replaced the key.
next-token-key-unusable = Plug the right token in. If the key is lost, set pkcs11.required = false and exchange it: rotate prepare issuing.

err-token-signature-wrong = The token signs wrongly.
why-token-signature-wrong = A signature that it has just made does not verify. Nothing was issued with it.
next-token-signature-wrong = Do not use this token; bring its firmware up to date or replace it.

err-token-failed = The token failed: { $cause }
why-token-failed = The words are those of its module.
next-token-failed = Check the token with its maker's tool and run again.

## F-09xx: The gateway's records.

err-ledger-damaged = The ledger was damaged; it was set aside in { $path } and posted again.
why-ledger-damaged = The ledger is only for looking things up; the truth is in the journal, and nothing is lost.
next-ledger-damaged = Nothing to do, but do look at the disk.

err-journal-damaged = The journal is damaged: { $path } at byte { $offset }.
why-journal-damaged = This is not a half-written end but a change in what was written. The gateway skips nothing, so it does not start.
next-journal-damaged = Restore the file from a backup; do not edit it.

err-journal-rolled-back = The journal is older than the head kept in the second place ({ $path }), or contradicts it.
why-journal-rolled-back = The folder may be an old copy, and signed entries would vanish, so the gateway does not start.
next-journal-rolled-back = Find the newest folder; to restore a backup on purpose, follow the restore guide.

err-vault-damaged = A file of the vault is damaged: { $path } at byte { $offset }.
why-vault-damaged = This is not a half-written end but a change in what was written. The gateway skips nothing.
next-vault-damaged = Restore the file from a backup; do not edit it.

err-key-missing = The vault holds what nothing opens: the key of { $path } is not in the ring.
why-key-missing = A key without a record of its destruction should be there; the gateway never makes it again.
next-key-missing = Restore the newest file of the ring folder from a backup.

err-acceptance-without-document = Submission { $submission } was accepted, and the vault has no record of it.
why-acceptance-without-document = It was on the disk before it was accepted, so this is damage, or somebody removed files.
next-acceptance-without-document = Restore the shelves folder from a backup and find out why.

err-clock-ahead = The clock is far beyond the newest entry.
why-clock-ahead = It is { $now }, the newest entry is of { $newest }; signatures might carry a wrong time, so nothing is signed.
next-clock-ahead = Check the clock; if it is right, run: counterfoil-gateway clock confirm --dir DIR

err-clock-behind = The clock stands before the newest entry.
why-clock-behind = It is { $now }, the newest entry is of { $newest }. Until then that time counts: what has ended stays ended, and nothing is signed with an earlier one.
next-clock-behind = Set the clock, and find out who or what set it back.

err-medium-can-not-forget = The disk of { $path } can not promise to forget: { $cause }
why-medium-can-not-forget = Destruction overwrites a small file in place; here, old content may remain.
next-medium-can-not-forget = You can go on; for destruction that holds, use an ordinary ext4 or XFS disk without swap.

err-record-cut = { $path } ended in a half-written record ({ $bytes }), which was cut.
why-record-cut = The last stop was a power cut or a kill; such a record was never acknowledged, and nothing is lost.
next-record-cut = Nothing to do.

err-disk-low = The disk is nearly full: { $free } left.
why-disk-low = Below the bound the gateway takes no new documents; what it holds is safe.
next-disk-low = Make room or use a larger disk.

err-keys-unusable = The gateway's own key can not be opened: { $path }
why-keys-unusable = The unlocking was right, but the file is damaged or of another practice.
next-keys-unusable = Restore the keys folder from a backup.

err-journal-head-missing = The head of the journal is missing or damaged: { $path }
why-journal-head-missing = Without it nobody can tell whether the journal was rolled back, so the gateway does not start.
next-journal-head-missing = Restore that file from where it was kept; do not make a new one.

err-record-missing = A part of the journal is missing: { $path }
why-record-missing = The folder is not whole; perhaps only a part of it was restored.
next-record-missing = Restore the whole practice folder.

err-entry-unreadable = Entry { $entry } of the journal can not be read.
why-entry-unreadable = { $cause }
next-entry-unreadable = Look at the disk, then restore the practice folder.

## F-10xx: People, books and invitations.

err-book-name-repeats = There is a book called “{ $name }” already; the new one was added too.
why-book-name-repeats = Names may repeat, but are easily mixed up.
next-book-name-repeats = Tell them apart by id: counterfoil-gateway book list

err-invitation-unknown = No invitation { $invitation } waits to be confirmed.
why-invitation-unknown = The id may be mistyped, or it was confirmed already or has expired.
next-invitation-unknown = Run counterfoil-gateway people to see who waits.

err-digits-malformed = The check digits are 8 digits.
why-digits-malformed = They stand on the screen of the device just enrolled, like 1234 5678.
next-digits-malformed = Have them read out again and try again.

err-invitation-not-used = Invitation { $invitation } was not used yet.
why-invitation-not-used = There are digits to compare only after the other device has enrolled.
next-invitation-not-used = Wait until the other side has run counterfoil enrol.

err-book-required = An invitation as { $role } needs a book.
why-book-required = This role sees only the books it is given, and can do nothing without one.
next-book-required = Add --book NAME, as often as needed.

err-book-not-for-role = The role { $role } has no books.
why-book-not-for-role = This role sees no content.
next-book-not-for-role = Leave --book out and run again.

err-plan-conflict = These files have an unfinished sending ({ $submission }) with another class or kind.
why-plan-conflict = They can not be sent in two ways at once.
next-plan-conflict = Finish it with the same arguments as before, or drop it: counterfoil status

err-rotation-not-due = This step of exchanging the { $kind } key is not due.
why-rotation-not-due = The exchange is in phase “{ $phase }”; the step that is due is “{ $due }”.
next-rotation-not-due = Run rotate status: it shows the next command in full.
err-rotation-excluded = The { $kind } key can not be exchanged now.
why-rotation-excluded = The exchange of the { $other } key is under way, and the two exclude each other.
next-rotation-excluded = End that one first; rotate status shows its next command.
err-rotation-behind = Nothing was changed: this step of exchanging the { $kind } key would cut { $count } active devices off.
why-rotation-behind = Their certificates are from the authority that ends. After this step they can do nothing but renew, as long as their grace lasts.
next-rotation-behind = Wait until they have renewed (rotate status names them), or run again with --force { $count }.
err-root-answer = The answer of the root was not taken.
why-root-answer = { $cause }
next-root-answer = Let the root sign the newest request; rotate status shows the commands.
err-root-file = The file “{ $path }” can not be used.
why-root-file = { $cause }
next-root-file = Use the files that init or the last ceremony has written, with the words of the recovery kit.

err-crl-over = Nobody comes in with a certificate of { $authority }: it has no revocation list in force.
why-crl-over = Who is revoked is told from a list that is over, missing or not to be trusted, so the gateway lets nobody in. { $cause }
next-crl-over = See to the disk and the clock; the gateway makes another one as soon as it can.

err-crl-not-renewed = The revocation list of { $authority } is not renewed: { $cause }
why-crl-not-renewed = The last good one holds until its end; after that nobody comes in.
next-crl-not-renewed = See to the disk and the clock; the gateway tries again by itself.

err-crl-file = The file of { $authority }'s revocation list was not taken: { $cause }
why-crl-file = Something has changed certs/crl-{ $authority } or put an older file there. The last good list holds.
next-crl-file = Find out what writes in the practice's folder. The gateway has put the file right.

err-device-unknown = There is no device { $device }.
why-device-unknown = A device is named by its id.
next-device-unknown = Run counterfoil-gateway devices and take the id from there.

err-person-unknown = There is nobody called “{ $person }”.
why-person-unknown = A person is named by name or id.
next-person-unknown = Run counterfoil-gateway people to see everybody.

err-person-ambiguous = Several people are called “{ $person }”.
why-person-ambiguous = A name does not say which.
next-person-ambiguous = Give one of these ids: { $ids }

err-last-admin = No active admin would be left.
why-last-admin = Nobody could run the practice from a device any more; it was not done.
next-last-admin = Invite another admin first. If it is meant so, do it at the gateway's machine with --lock-out.

err-not-suspended = “{ $name }” is not suspended.
why-not-suspended = There is nothing to resume.
next-not-suspended = Run counterfoil-gateway people to see who rests.

err-rights-final = “{ $name }” is revoked or closed, and that is final.
why-rights-final = What was revoked or closed is never let in again.
next-rights-final = Invite the person again, or add another book.

err-partner-needs-end = A partner needs a purpose and an end date that lies ahead.
why-partner-needs-end = Outside help is let in for something, and for a time.
next-partner-needs-end = Add --until 2026-12-31 --purpose "annual audit".

err-role-fixed = A client does not become staff, nor staff a client.
why-role-fixed = Nobody has compared the check digits of a client's device.
next-role-fixed = Invite the person again in the other role.

err-grant-unknown = “{ $person }” has no grant on “{ $book }”.
why-grant-unknown = There is nothing to withdraw.
next-grant-unknown = Run counterfoil-gateway people to see who has which books.

err-date-wrong = “{ $date }” is not a date.
why-date-wrong = A date is written like 2026-12-31.
next-date-wrong = Write the date so.

err-reason-wrong = “{ $reason }” is not a reason.
why-reason-wrong = It is one of lost, stolen, left, superseded, disputed, declined, role-ended, practice-decision.
next-reason-wrong = Choose one of them; say more with --note.

err-invitation-closed = No invitation { $invitation } is open.
why-invitation-closed = It may be mistyped, used, revoked or over.
next-invitation-closed = If a device came by it, revoke the device, or run: counterfoil-gateway invite dispute { $invitation }

err-few-admins = There are fewer than two active admins: { $admins }.
why-few-admins = If one is away or loses a device, nobody can run the practice from a device.
next-few-admins = Invite another: counterfoil-gateway invite --role admin --name NAME

err-not-recorded-yet = In force, not yet recorded: { $cause }.
why-not-recorded-yet = It holds from now on, also after a restart; it is written into the journal as soon as that is possible.
next-not-recorded-yet = See to the cause; counterfoil-gateway status says when nothing waits any more.

err-not-kept = In force, neither recorded nor kept: { $cause }.
why-not-kept = It holds while the gateway runs; after a crash it would not.
next-not-kept = Make room on the disk now, and run the same line again.

err-denials-waiting = In force, not yet recorded: { $count }.
why-denials-waiting = They hold, also after a restart; the journal can not be written at the moment.
next-denials-waiting = See to the disk and the clock.

err-not-confirmed-here = It was not confirmed, and nothing was done.
why-not-confirmed-here = What was typed is not “{ $name }”.
next-not-confirmed-here = Run it again and type it exactly, or add --yes.

err-device-not-theirs = Device { $device } can not be replaced by this person.
why-device-not-theirs = It is another person's.
next-device-not-theirs = Run counterfoil-gateway people --json to see the devices of each person.

err-grant-form = This is no grant.
why-grant-form = It is written as grant PERSON BOOK, or grant withdraw PERSON BOOK.
next-grant-form = Write it so.

err-invite-form = This can not be done to an invitation.
why-invite-form = It is written as invite revoke ID, or invite dispute ID.
next-invite-form = Write it so, or leave it out to invite somebody.

err-invitation-contested = Two devices came with the invitation { $id } of “{ $person }”.
why-invitation-contested = The one called “{ $first }” was let in; another came with the same secret later.
next-invitation-contested = Ask the person which one is theirs. If “{ $first }” is not: { $command }

err-ends-soon = { $count ->
    [one] One thing ends
   *[other] { $count } things end
} soon and { $count ->
    [one] does
   *[other] do
} not renew by { $count ->
    [one] itself
   *[other] themselves
}.
why-ends-soon = Everything else renews in time without anybody; these wait for somebody.
next-ends-soon = Do what stands beside each.

err-too-many-devices = One person has at most { $most } devices.
why-too-many-devices = Every device is a key to the books; what nobody uses any more should not be one. Those that wait or are suspended count.
next-too-many-devices = Have one revoked that is not used, or replace one: counterfoil-gateway invite --person NAME --replaces DEVICE

err-device-add-role = As { $role } one adds no device of one's own.
why-device-add-role = Who is from outside, or watches over the others, gets every device from an admin.
next-device-add-role = Ask an admin for an invitation.

err-since-ahead = { $since } lies ahead.
why-since-ahead = Keys can not have been in other hands since a time that has not come.
next-since-ahead = Give the last day on which they were surely in the right hands, or leave --since out.

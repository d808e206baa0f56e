### Help: help-<program>-<command>; arguments are help-<program>-<command>--<argument> or help-arg-<argument>.

## The frame of the help.

help-usage = Usage:
help-commands = Commands
help-arguments = Arguments
help-options = Options
help-options-mark = [OPTIONS]
help-command-mark = COMMAND
help-other-language = 中文：加上 --lang zh-CN
help-arg-help = Show this help
help-arg-version = Show the version

## Arguments that mean the same everywhere.

help-arg-json = For programs: one JSON event a line, see events.md
help-arg-quiet = Show results, warnings and errors only
help-arg-yes = Answer every yes-or-no question with yes
help-arg-no-input = Ask nothing; fail where an answer is needed
help-arg-no-color = No colours
help-arg-lang = Language: zh-CN or en
help-arg-home = The folder of keys, receipts and unfinished sendings (or COUNTERFOIL_HOME)
help-arg-practice = Which practice: name or id
help-arg-book = The book, by name or id
help-arg-period = The period: a month (2026-11) or a year (2026)
help-arg-kind = The kind: invoice, voucher, bank-statement, contract, payroll, tax-return, ledger, interim-report, annual-report, other
help-arg-class = The class: public, internal (the default), confidential
help-arg-dir = The practice folder
help-arg-key-file = The key file that unlocks; it may not be in the practice folder
help-arg-passphrase-file = A file that holds the passphrase that unlocks
help-arg-recovery = Unlock with the words of the recovery kit; they are asked for
help-arg-config = The configuration file; counterfoil.toml in the practice folder by default
help-arg-verbose = Log more; may be repeated
help-arg-code-file = A file that holds the code of the second factor (- is the input); it is asked for otherwise

## The companion.

help-counterfoil = Hands documents to your practice safely and gets a signed receipt for them; fetches them too.
help-counterfoil-after =
    Examples:
    { "    " }counterfoil enrol CF1…              enrol this device with the invitation you got
    { "    " }counterfoil send ./june --period 2026-06   send a folder
    { "    " }counterfoil status                  see how far things are
    { "    " }counterfoil receipt list            see your receipts
    Lost the network, shut down, pressed Ctrl-C? Run the same line again; it goes on where it stopped.
help-counterfoil-enrol = Enrol this device with an invitation
help-counterfoil-enrol--invitation = The invitation: one word that begins with CF1, or a code of 25 letters
help-counterfoil-enrol--at = Where the gateway is; needed only with the code of 25 letters
help-counterfoil-enrol--label = What to call this device, like “office PC”
help-counterfoil-enrol--passphrase = Protect this device's keys with a passphrase, to be typed at every use
help-counterfoil-enrol--plain-keys = Keep this device's keys in plain, instead of in the system's keychain
help-counterfoil-status = Who I am, what is unfinished, and what became of what was sent
help-counterfoil-send = Send files and folders and get one signed receipt
help-counterfoil-send-after = Run the same line again to go on where it stopped. What was sent before is recognised and not sent again.
help-counterfoil-send--paths = Files or folders
help-counterfoil-list = List the documents that can be fetched
help-counterfoil-list--new = Only what was not fetched yet
help-counterfoil-fetch = Sign for documents, fetch them, and save them once they are checked
help-counterfoil-fetch--new = Only what was not fetched yet
help-counterfoil-fetch--to = The folder to save to; a file that is there is never overwritten
help-counterfoil-drop = Drop an unfinished sending
help-counterfoil-drop--submission = The id of the submission
help-counterfoil-cert = Show, renew or check this device's certificates
help-counterfoil-cert-show = Show the certificates, until when they are good and when they renew themselves
help-counterfoil-cert-renew = Renew them now
help-counterfoil-cert-check = End with 0 if no certificate ends soon, with 1 if one does
help-counterfoil-cert-check--within = How soon, in days: 30d
help-counterfoil-agent = Stay and renew this device's certificates when they are due
help-counterfoil-agent--once = Look once and end
help-counterfoil-receipt = Show, get and verify receipts
help-counterfoil-receipt-list = List the receipts on this device
help-counterfoil-receipt-show = Show what a receipt says
help-counterfoil-receipt-show--receipt = The receipt's id (its beginning is enough) or file
help-counterfoil-receipt-show--certificates = Write the certificates in it to this file as PEM: the sender, the gateway, the issuing authorities
help-counterfoil-receipt-get = Get a receipt from the gateway again; it is the same, byte for byte
help-counterfoil-receipt-get--receipt = The id of the submission
help-counterfoil-receipt-get--to = The file to save to
help-counterfoil-receipt-verify = Verify a receipt offline: no network, nobody to be trusted
help-counterfoil-receipt-verify--file = The receipt file
help-counterfoil-receipt-verify--document = The document as it was sent, compared byte for byte; may be repeated
help-counterfoil-receipt-verify--crl = A file with revocation lists of the practice: says whether the sender was revoked later, and since when
help-counterfoil-receipt-verify--practice = The practice's pin (26 characters); by default the one pinned at enrolment
help-counterfoil-factor = Your second factor: codes of your phone
help-counterfoil-factor-enrol = Enrol a phone that shows codes; the recovery codes are shown once
help-counterfoil-factor-show = Show whether you have a second factor, and how many recovery codes are left
help-counterfoil-factor-codes = Draw ten new recovery codes; the old ones count no more
help-counterfoil-factor-remove = Take your second factor away
help-counterfoil-admin = Run the practice from an admin's own device

## The gateway.

help-counterfoil-gateway = The gateway of a practice: takes in clients' documents, keeps them encrypted, signs receipts.
help-counterfoil-gateway-after =
    The first time:
    { "    " }counterfoil-gateway init --dir DIR --name NAME --host HOST --key-file FILE
    { "    " }counterfoil-gateway run --dir DIR --key-file FILE
    { "    " }counterfoil-gateway book add BOOK --dir DIR
    { "    " }counterfoil-gateway invite --role client --name PERSON --book BOOK --dir DIR
help-counterfoil-gateway-init = Make a practice: certificates, vault, journal and configuration
help-counterfoil-gateway-init--dir = The practice folder; it must be new or empty
help-counterfoil-gateway-init--name = The practice's name, as clients see it
help-counterfoil-gateway-init--host = The host name or IP by which clients connect
help-counterfoil-gateway-init--port = The UDP port, 4433 by default
help-counterfoil-gateway-init--key-file = The key file that unlocks; made if it is not there
help-counterfoil-gateway-init--root-out = Where to put the root keys; take them away from this machine afterwards
help-counterfoil-gateway-init--trial = For trials: seal kit and root files with a cheap work factor; never for a real practice
help-counterfoil-gateway-init--pkcs11-module = Make the issuing key in a token: its PKCS#11 module, like /usr/lib/softhsm/libsofthsm2.so
help-counterfoil-gateway-init--pkcs11-token = The token's label
help-counterfoil-gateway-init--pkcs11-serial = The token's serial number
help-counterfoil-gateway-init--pkcs11-pin-file = A file with the token's PIN
help-counterfoil-gateway-run = Run the gateway
help-counterfoil-gateway-run--listen = Where to listen, like 0.0.0.0:4433; with port 0 the system chooses
help-counterfoil-gateway-repost = Post the journal again and make the ledger anew
help-counterfoil-gateway-config = Look at the settings
help-counterfoil-gateway-config-show = Show every setting, its value and where it comes from
help-counterfoil-gateway-check-config = Check the configuration, without starting
help-counterfoil-gateway-root = The root keys, away from the gateway
help-counterfoil-gateway-root-sign = Sign what the gateway asks of the root; runs offline, shows in words what is signed
help-counterfoil-gateway-root-sign--request = The request file of the gateway
help-counterfoil-gateway-root-sign--root = The file with the root key
help-counterfoil-gateway-root-sign--spare = The file with the spare key, where it is needed
help-counterfoil-gateway-root-sign--answer = The file to write the answer to
help-counterfoil-gateway-root-sign--out = The folder for the new root and spare; it must not have them yet
help-counterfoil-gateway-root-sign--words-file = A file with the words of the recovery kit; else they are asked for
help-counterfoil-gateway-root-sign--trial = For trials: seal the new files with a cheap work factor; never for a real practice
help-counterfoil-gateway-root-export = Copy a root or spare file to another medium, opened and read back
help-counterfoil-gateway-root-export--from = The file with the root or spare key
help-counterfoil-gateway-root-export--to = The file to copy to
help-counterfoil-gateway-root-export--words-file = A file with the words of the recovery kit; else they are asked for
help-counterfoil-gateway-root-forget = Delete a root or spare file from this machine, once a copy has been opened
help-counterfoil-gateway-root-forget--file = The file to delete
help-counterfoil-gateway-root-forget--copy = The copy that stays
help-counterfoil-gateway-root-forget--words-file = A file with the words of the recovery kit; else they are asked for

## The office: what runs a practice, for both programs.

help-office-book = Books
help-office-book-add = Add a book
help-office-book-add--name = The book's name
help-office-book-list = List the books
help-office-invite = Invite a person to enrol a device
help-office-invite--role = The role: client, bookkeeper, supervisor, admin, auditor, partner
help-office-invite--name = The name of the person or firm
help-office-invite--book = A book that they may use; may be repeated
help-office-confirm = Give a staff device its rights, once the check digits agree
help-office-confirm--id = The id of the invitation
help-office-confirm--digits = The 8 check digits on the other screen
help-office-people = List people, devices and invitations that wait
help-office-status = Show how the practice is
help-office-clock = The clock
help-office-clock-confirm = Say that the clock is right after a jump, so that statements are signed again
help-office-rotate = Exchange a key or a certificate while everything runs
help-office-rotate-status = Show how far the exchange of each key is, who has not picked up the new trust, and the next command
help-office-rotate-next = Take the step that is due
help-office-rotate-next--kind = Which key: gateway, issuing, root, checkpoint, statements, receipts
help-office-rotate-next--force = Go on although so many active devices will be cut off; the exact number
help-office-rotate-prepare = Make the new key; for issuing and root the offline root signs
help-office-rotate-prepare--kind = Which key: gateway, issuing, root, checkpoint, statements, receipts
help-office-rotate-prepare--request = The file to write what the root must sign to
help-office-rotate-prepare--answer = The file with the root's answer
help-office-rotate-prepare--stolen = The old key is stolen: it goes at once
help-office-rotate-distribute = Tell everybody to trust the new key
help-office-rotate-distribute--kind = Which key
help-office-rotate-distribute--force = Go on although so many active devices will be cut off; the exact number
help-office-rotate-switch = Let the new key sign
help-office-rotate-switch--kind = Which key
help-office-rotate-switch--force = Go on although so many active devices will be cut off; the exact number
help-office-rotate-retire = End the old key; from here there is no way back
help-office-rotate-retire--kind = Which key
help-office-rotate-retire--force = Go on although so many active devices will be cut off; the exact number
help-office-rotate-back = Take one step back
help-office-rotate-back--kind = Which key
help-office-rotate-back--force = Go on although so many active devices will be cut off; the exact number

help-office-book-suspend = Suspend a book for everybody on it
help-office-book-resume = Resume a suspended book
help-office-book-close = Close a book for everybody, for ever
help-office-device = Devices
help-office-device-suspend = Suspend a device until it is resumed
help-office-device-resume = Resume a suspended device
help-office-device-revoke = Revoke a device, for ever
help-office-person = People
help-office-person-suspend = Suspend a person, with every device
help-office-person-resume = Resume a suspended person
help-office-person-revoke = Revoke a person, with every device, for ever
help-office-person-until = Set the date at which a person's work ends
help-office-person-until--person = The person, by name or id
help-office-person-until--date = The last day, like 2026-12-31
help-office-role = Roles
help-office-role-set = Give a person another role
help-office-role-set--person = The person, by name or id
help-office-role-set--role = The role: bookkeeper, supervisor, admin, auditor, partner
help-office-grant = Let a person use a book: grant PERSON BOOK; take it back: grant withdraw PERSON BOOK
help-office-grant--grant = PERSON BOOK, or withdraw PERSON BOOK; each by name or id
help-office-invite--deed = revoke or dispute, to take an invitation back: invite revoke ID
help-office-invite--id = The id of the invitation
help-office-invite--person = A person who is there already, by name or id, for another device
help-office-invite--replaces = The device that the new one replaces; it is revoked when the new one is confirmed
help-arg-until = The last day, like 2026-12-31
help-arg-purpose = What a partner is there for
help-arg-reason = Why: lost, stolen, left, superseded, disputed, declined, role-ended, practice-decision
help-arg-since = From which day on its keys may have been in other hands, like 2026-11-27
help-arg-note = What there is to say about it
help-arg-lock-out = Do it even if no active admin is left; at the gateway's machine alone
help-arg-id = Which: its id, or the name of a person or book

help-office-factor = The second factor of people
help-office-factor-reset = Take a person's second factor away, so that they can enrol a new one
help-office-factor-reset--person = The person, by name or id

help-office-invitations = List invitations that wait, and who tried them in vain
help-office-invitations--all = Those that are long over, too
help-office-crl = Revocation lists
help-office-crl-export = Write the revocation lists in force to a file, for others to check certificates by
help-office-crl-export--to = The file to write; one that is there is replaced
help-office-crl-export--der = One list alone, in DER; otherwise PEM: roots, issuing authorities and all lists
help-office-crl-export--authority = Only the list of this authority, such as i1

help-office-devices = List the devices: where each stands, when it was seen last, until when its certificate is good
help-office-devices--sort = In the order of: name, expiry
help-office-devices--within = Only what ends so soon, in days: 30d; ends with 0 if there is none, with 1 if there is
help-office-certs = List the certificates: of the devices and of the gateway itself, until when, and whether each renews by itself
help-office-certs--sort = In the order of: name, expiry
help-office-certs--within = Only what ends so soon, in days: 30d; ends with 0 if there is none, with 1 if there is
help-office-certs--all = Those that were replaced or revoked, too
help-office-certs--calendar = Write when they end into a calendar file (.ics) instead
help-office-certs--names = With the names of people and devices in the calendar

help-counterfoil-device = Your own devices
help-counterfoil-device-add = Invite a further device of your own: an invitation that is good for 15 minutes
help-counterfoil-device-add--code-file = A file with a code of the second factor on each line; - for the input

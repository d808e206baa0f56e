### What the companion says. Written for people who are no engineers.

## enrol

enrol-connecting = Connecting to { $address } …
enrol-no-keychain = This computer has no keychain that could guard the keys of this device, so they get a passphrase.
enrol-proved = ✓ The other side is the practice that invited you.
enrol-identity = ✓ Enrolled. From now on this device stands for:
enrol-confirm = Is that right?
enrol-confirm-hint = If the name or the practice is wrong, answer n and tell the person who invited you.
enrol-key-stays = Its keys were made on this device and never leave it.
enrol-declined = The practice was told that this is wrong; the device is not enrolled.
enrol-digits =
    Check digits: { $digits }
    Read them to an admin by telephone. Until the admin has confirmed, this device can do nothing.
enrol-next = You can send now: counterfoil send FOLDER --period 2026-11
enrol-next-staff = Once confirmed: counterfoil list

## identity

identity-practice = { "  " }Practice  { $practice }
identity-person = { "  " }Name      { $person } ({ $role })
identity-device = { "  " }Device    { $label }
identity-books = { "  " }Books     { $books }
identity-pin = { "  " }Pin       { $pin }
identity-gateway = { "  " }Gateway   { $address }
identity-certificate = { "  " }Certificate  until { $until }
identity-keys-keychain = { "  " }Keys      opened by this system's keychain
identity-keys-passphrase = { "  " }Keys      opened by a passphrase
identity-keys-plain = { "  " }Keys      in plain: whoever reads this account's files can act as this device
identity-waiting = { "  " }State     waits for an admin; check digits { $digits }

## send

send-reading = Listing files … { $documents } so far
send-begin =
    Sending { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    } ({ $bytes }) to the book “{ $book }”, period { $period }.
send-resuming =
    Going on with the last sending of { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    }: { $bytes } is at the gateway and is not sent again.
send-later-files =
    { $count ->
        [one] One file came since and follows
       *[other] { $count } files came since and follow
    } in a submission of their own.
send-held = { $name }: sent already on { $when }, skipped.
send-held-count =
    { $count ->
        [one] One document was sent before and was not sent again; it is
       *[other] { $count } documents were sent before and were not sent again; they are
    } in this receipt too.
send-all-held = All of these were sent before; nothing has to be sent again.
send-withdrawn = { $name }: withdrawn from this submission.
send-document-received = { $name }  ✓ received
send-done =
    ✓ { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    } received ({ $bytes } in { $time }).
send-receipt = { "  " }Receipt { $receipt }: { $path }
send-receipt-show = { "  " }Show it: counterfoil receipt show { $receipt }
send-partial = { $sent } received and receipted, { $failed } not sent.
send-interrupted-hint = What arrived is kept. Run the same line again; it goes on where it stopped.
send-dropped = The submission { $submission } is dropped; what the gateway has not accepted is removed.
send-drop-confirm = Drop the submission { $submission }? What arrived would have to be sent again.

## status

status-connected = The gateway { $address } is connected ({ $milliseconds } ms).
status-unfinished = Unfinished sendings:
status-unfinished-line =
    { "  " }{ $submission }  { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    }, { $bytes }, begun { $since }
status-unfinished-hint = { "  " }Run the same line as then to go on; to give it up: counterfoil drop { $submission }
status-nothing-unfinished = Nothing is unfinished.
status-submissions = What was sent:
status-none-sent = Nothing was sent yet.
status-fetched-by = { $person }, { $when }

## list, fetch

list-none = There is nothing to fetch.
list-none-new = There is nothing new.
list-count =
    { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    }, { $bytes }.
fetch-begin =
    Fetching { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    } ({ $bytes }): signing for them first, then checking piece by piece.
fetch-signed =
    ✓ Signed for { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    }; the sender can see who fetched them and when.
fetch-resuming = Going on with the last fetch: { $bytes } is on this device already.
fetch-document-done = { $name }  ✓ checked and saved
fetch-skipped =
    { $count ->
        [one] One document was fetched before and is skipped.
       *[other] { $count } documents were fetched before and are skipped.
    }
fetch-done =
    ✓ { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    } checked and saved to { $folder } ({ $bytes } in { $time }).
fetch-partial = { $fetched } saved, { $failed } not fetched.

## Commands and arguments that came later.

enrol-ask = The invitation you were given (a word that begins with CF1, or a code):
help-counterfoil-enrol-after = The invitation may also be typed when asked for, or come on standard input (-). After a lost connection run the same line again: the same invitation gives the same identity.
help-counterfoil-send--give-up-after = How long to go on trying without any progress, like 90s or 10m (the default)
help-counterfoil-status--book = Only this book, by name or id
help-counterfoil-books = List the books that you may use
help-counterfoil-whoami = Who this device is, at every practice; asks nobody
fetch-document-failed = { $name }: not fetched.
fetch-nothing = Nothing to fetch: everything is here already, or there is nothing.
help-counterfoil-fetch-after = Run the same line again to go on where it stopped. What was fetched to the same folder before is skipped.
connect-waiting = The gateway does not answer; trying again in { $seconds } s.
practice-not-in-code = nothing of it, being a short code
cause-damaged = the file is damaged
cause-no-home = the system names no folder for programs' data

## Certificates.

cert-renewed = This device's certificate was renewed.
cert-renewed-until = Certificate renewed; good until { $until }.
cert-purpose = Certificate
cert-tls = for the connection
cert-signing = for signing
cert-until = until
cert-renews = renews itself from
cert-serial = Serial number
cert-ends = { $practice }: the certificate { $purpose } ends on { $until }.
cert-none-ends = No certificate ends within that time.

## device

device-add-made = ✓ An invitation for another device of yours, good until { $expires }:
device-add-own = Give it to nobody: whoever has it is you. The admins are told.
device-add-digits = After enrolling, the other screen shows 8 check digits. Read them to an admin, who gives the device its rights.

### What both programs say.

## How the program introduces failures and questions.

failure-error = Error { $code }:{ " " }
failure-warning = Note { $code }:{ " " }
failure-why = Why:{ " " }
failure-next = Next:{ " " }
answer-hint = [y/N]
secret-again = Once more:
secret-unlock = Passphrase:
secret-new = Choose a passphrase (not shown while you type):
secret-device = Passphrase of this device:
secret-recovery = The 12 recovery words, with spaces between:

## Roles.

role-client = client
role-bookkeeper = bookkeeper
role-supervisor = supervisor
role-admin = admin
role-auditor = auditor
role-partner = partner

## Classes.

class-public = public
class-internal = internal
class-confidential = confidential

## Kinds.

kind-invoice = invoice
kind-voucher = voucher
kind-bank-statement = bank statement
kind-contract = contract
kind-payroll = payroll
kind-tax-return = tax return
kind-ledger = ledger
kind-interim-report = interim report
kind-annual-report = annual report
kind-other = other

## Progress.

phase-reading = Listing files
phase-hashing = Hashing
phase-sending = Sending
phase-receipt = Waiting for the receipt
phase-fetching = Fetching
phase-verifying = Verifying
phase-begins =
    { $phase } … { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    }, { $bytes }
progress-line = { $documents }/{ $documents_total } · { $done } / { $total } · { $pace } · { $left } left
progress-line-start = { $documents }/{ $documents_total } · { $done } / { $total }
progress-waiting = The connection was lost; trying again in { $seconds } s. What arrived is not sent again.
progress-busy = The gateway is busy; trying again in { $seconds } s.
progress-back = Connected again; going on where it stopped.

## What became of a document.

state-uploading = being sent
state-received = received
state-fetching = being fetched
state-fetched = fetched
state-withdrawn = withdrawn
state-held = sent before
state-locked = locked
state-frozen = frozen
state-gone = destroyed
state-expired = expired
state-unfinished = unfinished

## Titles of lists.

title-id = id
title-name = name
title-file = file
title-book = book
title-period = period
title-kind = kind
title-class = class
title-size = size
title-documents = documents
title-received = received
title-sender = sender
title-state = state
title-fetched-by = fetched by
title-fetched-at = fetched at
title-person = person
title-role = role
title-device = device
title-until = valid until
title-practice = practice
title-gateway = gateway
title-submission = submission

## Settings.

setting-title-key = setting
setting-title-value = value
setting-title-source = source
setting-source-default = default
setting-file = Configuration of Counterfoil. Take the # away to change a value; misspelt names and values that weaken protection are errors at start.
expected-text = a text
expected-path = a path
expected-address = an IP address and a port, like 127.0.0.1:4433 or [::]:4433
expected-switch = true or false
expected-count = a whole number
expected-bytes = a size, like 48 MiB or 200 GB
expected-seconds = a length of time, like 90s, 15m, 12h or 7d
expected-days = a number of days, like 30d
expected-value = a value

## Why the system refused.

cause-absent = it does not exist
cause-denied = permission denied
cause-exists = it is there already
cause-no-folder = not a folder
cause-is-folder = it is a folder
cause-full = the disk is full
cause-read-only = the disk is read-only
cause-busy = another program holds it
cause-encoding = its content is not UTF-8
cause-cut = it ends too early
cause-timeout = no answer
cause-refused = the connection was refused
cause-lost = the connection was lost
cause-network = the network can not be reached
cause-name = the host name is not known
cause-in-use = it is in use
cause-no-address = this machine has no such address
cause-no-file = it is no plain file
cause-key-length = a key file has exactly 32 bytes
cause-passphrase-length = a passphrase has at most 1,024 bytes
cause-pin-length = a PIN has 1 to 256 bytes
cause-keychain-absent = none answers
cause-keychain-locked = it is locked
cause-keychain-entry = it has no entry for this device
cause-no-room = more room than there is
cause-open-to-others = others on this machine can read it; close it to them (chmod 600)

## The rest.

list-empty = None.
yes = yes
no = no

## The second factor.

secret-code = Code of your second factor:
secret-code-first = The code that your phone shows now:
secret-code-second = The next code, when it changes:
factor-scan = Scan this with an authenticator app on your phone:
factor-secret = { "  " }or type this secret into it: { $secret }
factor-uri = { "  " }{ $uri }
factor-enrolled = ✓ Your phone is your second factor now.
factor-codes-title = Ten recovery codes, for when the phone is lost. Each is good once; they are shown this once. Write them down and keep them away from this device:
factor-codes-drawn = ✓ Ten new recovery codes; the old ones count no more.
factor-removed = ✓ You have no second factor any more.
factor-has = You have a second factor; { $left } recovery codes are left.
factor-has-not = You have no second factor. Enrol one with: counterfoil factor enrol
factor-is-locked = Your second factor is locked: too many codes were wrong in a day.
factor-reset = ✓ “{ $person }” has no second factor any more and can enrol a new one.
crl-exported = ✓ The revocation lists are in { $path }.
crl-line = { "  " }Revocation list of { $authority }  no. { $number }, { $revoked } revoked, made { $made }, until { $next }
crl-for-ever = for ever

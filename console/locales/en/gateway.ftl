### What the gateway says; sentences of settings are setting-<key>.

## init

init-working = Making the practice … the unlock slots take some seconds.
init-passphrase-offer = A passphrase of words is easy to keep. An offer: { $words }
init-done = ✓ The practice “{ $name }” is made: { $folder }
init-pin =
    { "  " }Practice pin  { $pin }
    { "  " }(receipts are verified by it; print it on cards and contracts)
init-host = { "  " }Gateway       { $address }
init-configuration = { "  " }Configuration { $path }
init-key-file-made = { "  " }Key file      { $path } (made now; keep a copy, without it nothing unlocks)
init-token = { "  " }Issuing key   in the token { $token }; it never leaves it
init-kit-title = Recovery kit: write it down or print it, and keep it safe. If key file or passphrase is lost, only this opens the vault:
init-kit-only-once = These words are shown this once.
init-kit-written = Have you kept the recovery words? Go on?
init-roots = The root keys are in { $folder }. Copy them to two USB sticks, keep these apart, and delete them from this machine.
init-next-title = Next:
init-next-run = { "  " }1. Start the gateway: { $command }
init-next-book = { "  " }2. Add a book:        { $command }
init-next-invite = { "  " }3. Invite a client:   { $command }
init-next-a-book = BOOK
init-next-a-client = PERSON

## run

run-unlocking = Unlocking …
run-recovering = Checking the journal …
run-recovered =
    The journal has { $entries ->
        [one] 1 entry
       *[other] { $entries } entries
    }, all in order.
run-posting = Posting from the journal …
run-posted =
    The ledger is ready: { $rows ->
        [one] 1 row
       *[other] { $rows } rows
    }.
run-listening = ✓ The gateway of “{ $practice }” serves at { $address }.
run-stop-hint = Press Ctrl-C to stop.
run-stopping = Stopping: finishing what is being signed …
run-stopped = ✓ The gateway has stopped; everything is on the disk.
run-enrolled = “{ $person }” ({ $role }) has enrolled a new device, “{ $label }”.
run-enrolled-digits = { "  " }It waits for you. If the other screen shows { $digits }, run: { $command }
run-upload-expired =
    { $count ->
        [one] One sending that stood still too long was dropped.
       *[other] { $count } sendings that stood still too long were dropped.
    }

## book

book-added = ✓ The book “{ $name }” is added; its id is { $id }.
book-none = There is no book yet. Add one: counterfoil-gateway book add NAME

## invite

invite-made = ✓ An invitation for “{ $name }” ({ $role }), valid once, until { $expires }:
invite-word = { "  " }To paste:       { $word }
invite-code = { "  " }Or to type:     { $code }
invite-command = { "  " }The other side runs:  { $command }
invite-command-code = { "  " }Or:                   { $command }
invite-qr = { "  " }Or scan:
invite-channel = Give it to that person by hand, by telephone or by your usual chat. Whoever has it can enrol a device as “{ $name }”.
invite-message-title = { "  " }To send by chat:
invite-message = Hello, this is your invitation to send documents to { $practice }. On the office computer, please run: { $command } (valid once, until { $expires })
invite-staff-digits = After enrolling, the other screen shows 8 check digits. Compare them by telephone, then run: { $command }

## confirm

confirm-done = ✓ The digits agree. “{ $person }” can now use the device “{ $label }” as { $role }.
confirm-declined = The device “{ $label }” of “{ $person }” was declined; it got no rights.
confirm-ask = Does the screen of “{ $person }” ({ $role }) really show { $digits }?

## people

people-none = There is nobody yet. Invite: counterfoil-gateway invite
people-invited = invited, not enrolled yet
people-waiting = waits to be confirmed
people-active = active
people-declined = declined
people-revoked = revoked
people-expired = invitation expired

## repost

repost-begin = Making the ledger anew from the journal …
repost-done = ✓ The ledger is made anew: { $entries } entries, { $rows } rows, in { $time }.
repost-set-aside = The old ledger is in { $path }; delete it when all is well.

## status and clock

status-practice = { $practice }  pin { $pin }  { $address }
status-journal = { "  " }Journal  { $entries } entries, the newest of { $newest }
status-uploads = { "  " }Open sendings  { $uploads }
status-disk = { "  " }Disk free      { $free } %
clock-confirmed = ✓ The clock counts as right; statements are signed again.

## settings

config-right = ✓ The configuration is right: { $path }
setting-name = The practice's name, as clients see it.
setting-host = The host name or address by which companions reach the gateway.
setting-port = The UDP port by which companions reach it.
setting-listen = Where the gateway listens.
setting-unlock-key-file = The key file that unlocks at start. Keep it outside the practice folder.
setting-unlock-passphrase-file = A file with the passphrase that unlocks at start.
setting-journal-second-place = Where the journal's newest head is kept a second time; best on another disk.
setting-limits-document-bytes-max = Largest document.
setting-limits-submission-bytes-max = Largest submission.
setting-limits-uploads-open-max = Sendings that one person may have open.
setting-limits-device-bytes-per-day-max = Bytes taken from one device a day.
setting-limits-device-documents-per-day-max = Documents taken from one device a day.
setting-limits-upload-age-seconds-max = A sending ends this long after its last piece.
setting-log-level = What is logged: error, warn, info or debug.
setting-log-json = Whether the log is JSON.
setting-lives-device-days = Days that a device's certificate lives before it must have been renewed.
setting-lives-signing-days = Days that a device's signing certificate lives.
setting-renew-after = The first moment in which devices renew certificates of before, as 2026-12-01T00:00:00.000Z.
setting-renew-before = The last moment by which they do so; each draws its own in between.
setting-renew-reason = Why, for the log of the companions.
setting-pkcs11-module = The PKCS#11 module of a token that holds the issuing key; only in builds with the feature “pkcs11”.
setting-pkcs11-token = The token's label.
setting-pkcs11-serial = The token's serial number, where a label is not enough.
setting-pkcs11-pin-file = A file with the token's PIN (mode 0600); else the service manager's credential counterfoil.pin.
setting-pkcs11-new-keys = Whether new issuing keys are made in the token; otherwise in the vault.
setting-pkcs11-required = Whether the gateway refuses to start without the token; otherwise it serves and issues nothing.

## rotate, root

title-phase = phase
title-next = next command
rotate-phase-since = { $phase } since { $since }
rotate-until = in force until { $until }
rotate-waits-for-root = waits for the root's signature
rotate-devices = { $kind }: { $new } devices hold the new trust, { $old } an older one, { $unseen } were not seen for 30 days.
rotate-device-old = { "  " }not yet: { $person }, { $label }, last seen { $seen }
rotate-cut-off =
    If you go on now, { $count ->
        [one] this device
       *[other] these { $count } devices
    } can do nothing but renew; each does so by itself when it connects next, as long as its grace lasts:
rotate-cut-off-device = { "  " }{ $person }, { $label }
rotate-done = ✓ The exchange of the { $kind } key is in phase “{ $phase }”.
rotate-next = Next: { $command }
rotate-root-asked = The root must sign { $path }. Take the file to where the root is, run there: { $sign }
    Then bring the answer back: { $next }
rotate-root-needed = The root must sign first: { $command }
root-sign-title = Practice { $practice }. With this the root signs:
root-sign-issuing = { "  " }a new issuing authority, number { $generation }, with the key { $key }
root-sign-root = { "  " }the next root, number { $generation }: from now on the spare is the root; the old root stays trusted until it is retired
root-sign-root-stolen = { "  " }the next root, number { $generation }, because the old one is STOLEN: companions refuse the old root at once
root-sign-issuing-stolen = { "  " }a new issuing authority, number { $generation }, with the key { $key }, because the old one is STOLEN: companions refuse the old one at once
root-sign-sure = Is this what you want the root to sign?
root-sign-done = ✓ Signed: { $path }. Bring this file to the gateway; nothing in it is secret.
root-sign-files = New root and spare are in { $folder }. Copy them to two media, keep these apart, and destroy the ones before them once the exchange is done.
root-secret = Words of the recovery kit
root-exported = ✓ Copied and read back: { $path }
root-forgotten = ✓ Deleted: { $path }. The copy { $copy } opens.

## rights

people-suspended = suspended
people-over = time is over
rights-device-suspended = ✓ The device “{ $name }” is suspended: nothing is read from it or given to it from now on.
rights-device-revoked = ✓ The device “{ $name }” is revoked, for ever.
rights-person-suspended = ✓ “{ $name }” is suspended, on every device.
rights-person-revoked = ✓ “{ $name }” is revoked, on every device, for ever.
rights-book-suspended =
    ✓ The book “{ $name }” is suspended for everybody. { $with ->
        [one] One client who has no other book rests with it.
       *[other] { $with } clients who have no other book rest with it.
    }
rights-book-closed =
    ✓ The book “{ $name }” is closed for everybody, for ever. { $with ->
        [one] One client who has no other book is revoked with it.
       *[other] { $with } clients who have no other book are revoked with it.
    }
rights-book-resumed =
    ✓ The book “{ $name }” is open again. { $with ->
        [one] One client is resumed with it.
       *[other] { $with } clients are resumed with it.
    }
rights-invitation-revoked = ✓ Invitation { $id } lets nobody in any more.
rights-grant-withdrawn = ✓ “{ $name }” has lost the book.
rights-granted = ✓ “{ $name }” may use the book.
rights-granted-until = ✓ “{ $name }” may use the book until { $until }.
rights-changed = ✓ “{ $name }” is { $role } from now on.
rights-changed-until = ✓ “{ $name }” is { $role } from now on, until { $until }.
rights-resumed = ✓ “{ $name }” is let in again.
rights-back = { "  " }To take it back: { $command }
rights-confirm-device = This device is let in never again; its keys stay burnt. Type { $name } once more:
rights-confirm-person = This person is let in never again, on no device. Type { $name } once more:
rights-confirm-book = Everybody on this book is cut off at once. Type { $name } once more:
rights-confirm-close = Nobody uses this book ever again. Type { $name } once more:
rights-confirm-lock-out = No active admin may be left after this. Type { $name } once more:

## invitations

invitations-none = No invitation waits. To see those that are over, too: invitations --all
invitation-until = until { $until }
invitation-open = open
invitation-tried = open; { $wrong ->
        [one] one wrong proof
       *[other] { $wrong } wrong proofs
    }
invitation-bound = used, waits to be confirmed
invitation-confirmed = used and confirmed
invitation-expired = expired
invitation-revoked = revoked
invitation-locked = locked: too many wrong proofs
invitation-attempt = { "  " }{ $at }  “{ $label }” from { $from }

## people, devices, certs

title-seen = last seen
title-renews = renews
title-program = program
title-factor = second factor
title-books = books
title-work-ends = work ends
people-factor = yes
people-no-factor = no
people-open-invitation = { "  " }{ $name }: invitation { $invitation } is open
people-compare = { "  " }{ $name }, { $label }: shows { $digits }; if its person reads out the same: { $command }
devices-none = There is no device.
renews-self = by itself until { $by }
renews-late = late: not seen since { $by }
renews-stuck = STUCK: seen since { $by } and not renewed
renews-never = not by itself; act by { $by }
cert-gateway = of the gateway
cert-statements = for the gateway's statements
cert-receipts = for receipts
cert-issuing = issuing authority
cert-root = root
cert-state-fresh = not used yet
cert-state-current = in use
cert-state-old = still good
cert-state-superseded = replaced
cert-state-expired = expired
cert-state-prepared = prepared
cert-state-dropped = given up
certs-calendar = ✓ { $count ->
    [one] One certificate is
   *[other] { $count } certificates are
} in the calendar { $path }.
calendar-name = Certificates of { $practice }
calendar-event = Certificate ends: { $what }
ending-device = a device of { $name } that is here and does not renew
ending-person = the work of { $name }
ending-line = { "  " }{ $what }: { $by }, { $days ->
    [one] one day
   *[other] { $days } days
}: { $command }
ending-root-list = the revocation list of the root

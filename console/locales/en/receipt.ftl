### Receipts: what they say, and verifying them.

## The list of receipts, and what one says.

receipt-none = There is no receipt yet. Sending brings one.
receipt-heading = Receipt { $receipt }
receipt-practice = { "  " }Received by  { $practice } (pin { $pin })
receipt-book = { "  " }Book         { $book }
receipt-period = { "  " }Period       { $period }
receipt-sender = { "  " }Sent by      { $person }, device { $device }
receipt-received-at = { "  " }Received     { $when } (the last piece was on the gateway's disk)
receipt-accepted-at = { "  " }Accepted     { $when }
receipt-entry = { "  " }Journal      entry { $entry } of { $size }
receipt-custody = { "  " }Custody      kept encrypted by the practice's gateway
receipt-documents = { "  " }Documents    { $documents }, { $bytes } in all
receipt-document-digest = { "      " }SHA-256 { $sha256 }
receipt-file = { "  " }File         { $path }
receipt-verify-hint = Verify offline: counterfoil receipt verify { $path } --document FILE
receipt-fetched = ✓ The receipt came from the gateway again, byte for byte the same: { $path }
receipt-saved = ✓ The receipt is saved: { $path }

## Verifying: one sentence a property.

verify-title = Verifying { $path }
verdict-valid = ✓ valid
verdict-invalid = ✗ invalid
verdict-not-checked = － not checked
property-origin = origin
property-acceptance = acceptance
property-logged = logged
property-checkpoint = checkpoint
property-list = list
property-document = document
property-practice = practice
verify-origin-valid = A device signed this list with its own key, and that key was certified by this practice.
verify-origin-invalid = The sender's signature does not hold: no enrolled device signed this list, or it was changed since.
verify-origin-not-checked = The sender's signature was not checked.
verify-acceptance-valid = The practice's gateway signed that it received the same list.
verify-acceptance-invalid = The gateway's acceptance does not hold: the signature is wrong, or it is for another list.
verify-acceptance-not-checked = The gateway's acceptance was not checked.
verify-logged-valid = The acceptance is in the practice's journal, as entry { $entry }; leaving it out or changing it would show.
verify-logged-invalid = The proof does not hold: the acceptance is not in the journal shown.
verify-logged-not-checked = Whether it was logged was not checked.
verify-checkpoint-valid = The journal had { $size } entries then, and its head was signed by the practice's log key.
verify-checkpoint-invalid = The head does not hold: its signature is wrong, or it is not of the journal in the proof.
verify-checkpoint-not-checked = The head was not checked.
verify-list-valid =
    The list in this file is the one that both sides signed; it names { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    }.
verify-list-invalid = The list does not hold: it is not the one that both sides signed.
verify-list-not-checked = The list was not checked.
verify-document-valid = { $name } is the document that was received; not one byte is different.
verify-document-invalid = { $name } is not in this receipt: it is not the document that was received, or it was changed since.
verify-document-not-checked = No document was given, so no content was compared. (--document FILE)
verify-practice-valid = All signatures are of the practice that you named (pin { $pin }).
verify-practice-invalid = The signatures are not of the practice that you named (pin { $pin }).
verify-practice-not-checked = No practice was named, so nothing can be valid. (--practice PIN)
verify-revocations-not-checked = Later revocations: not checked.
receipt-name-differs = The names kept beside this receipt do not fit its list and are not shown.
verify-reason = Reason: { $reason } ({ $detail })
verify-pin-enrolled = The pin is that of { $practice }, with which this device is enrolled: { $pin }
verify-revocations-known = Later revocations: the practice's root records that this device holds (up to number { $number }) take nothing back; single devices are not in them.
verify-conclusion-valid = ✓ Valid: keys certified by this practice signed these digests, and its log keys signed a head that contains them.
verify-conclusion-limits = It does not prove that no other journal exists, when exactly it was, or who held the device.
verify-conclusion-invalid = ✗ Invalid: what is marked above does not hold. Do not rely on this receipt.
verify-list-none = Revocation list: { $path } has none of the authority that certified the sender.
verify-list-not-revoked = Revocation list { $number }, made { $made }: the sender's certificate is not revoked. What was revoked later is not known by it.
verify-list-suspended-later = Revocation list { $number }, made { $made }: the sender was suspended on { $revoked }, after this signature ({ $signed }); the receipt stands.
verify-list-revoked-later = Revocation list { $number }, made { $made }: the sender was revoked on { $revoked } ({ $reason }), after this signature ({ $signed }); the receipt stands.
verify-list-since = Its key may have been in other hands since { $since }, which is after the signature too.
verify-list-doubtful = Revocation list { $number }, made { $made }: the sender was revoked on { $revoked } ({ $reason }), and its key may have been in other hands since { $since }. The signature ({ $signed }) lies between.
verify-list-contradicted = Revocation list { $number }, made { $made }: the sender was revoked on { $revoked } ({ $reason }), but the practice has taken this signature on { $signed }, after it.
verify-list-over = That list was over on { $until }: a newer one may say more.
verify-conclusion-doubtful = ? Doubtful: all signatures hold, but by the list somebody else may have signed for the sender.
verify-conclusion-undecided = － Undecided: what is marked above as not checked is missing.

## Why something does not hold.

reason-malformed = it is not formed as it must be
reason-signature = the signature is wrong
reason-chain = the certificate was not issued by this practice
reason-purpose = the certificate is for another purpose
reason-expired = the certificate was not valid at that time
reason-differs = two places say different things
reason-root = the computed root is not the signed one
reason-digest = the content is not what was recorded
reason-pin = it is another practice

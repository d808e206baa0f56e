### What the quickstart says.

## One walk through everything.

quickstart-hello = Counterfoil, once through: a practice is made on this computer, documents are sent, the line is cut, it goes on, they are fetched and verified. All of it is real: QUIC, certificates on both sides, encryption, signatures.
quickstart-folder = Everything is in { $folder }
quickstart-step = Step { $n } of { $of }: { $title }
quickstart-step-practice = making a practice
quickstart-step-gateway = starting the gateway
quickstart-step-enrol = enrolling a client and a bookkeeper
quickstart-step-documents = preparing documents
quickstart-step-send = sending, and cutting the line
quickstart-step-resume = going on, and the receipt
quickstart-step-duplicate = sending again: recognised
quickstart-step-fetch = the bookkeeper signs and fetches
quickstart-step-compare = comparing byte by byte
quickstart-step-verify = verifying the receipts offline
quickstart-step-tamper = changing one byte, to see whether it shows
quickstart-step-disk = seeing what the disk gives away
quickstart-practice-name = Example Bookkeeping
quickstart-client-name = Hushen Trading
quickstart-bookkeeper-name = Ms Wang
quickstart-book-name = Hushen Trading
quickstart-practice-made = ✓ “{ $name }” has its own root certificate, vault and journal. Its pin is { $pin }.
quickstart-gateway-listens = ✓ The gateway serves at { $address }: one UDP port, no web page, no remote administration.
quickstart-client-enrolled = ✓ “{ $person }” enrolled a device with a one-time invitation. Its keys were made there and never leave it.
quickstart-digits-compared = ✓ The bookkeeper's check digits { $digits } are the same on both sides; the admin has confirmed the device.
quickstart-documents-made = ✓ { $documents } documents, { $bytes }: an invoice as PDF, one as XML, a bank statement as CSV and a scan of 64 MiB.
quickstart-documents-yours =
    ✓ Your own { $documents ->
        [one] document
       *[other] { $documents } documents
    } and a scan to cut the line in: { $bytes } together.
quickstart-cut = ⚡ The line was cut after { $bytes }.
quickstart-resumed = ✓ It went on: at least { $held } was on the gateway's disk already, and at most { $again } was sent again.
quickstart-receipt = ✓ A signed receipt came, entry { $entry } of the journal: { $path }
quickstart-receipt-same = ✓ Asked for again, the receipt is the same, byte for byte.
quickstart-duplicate = ✓ The same documents again: all { $count } were recognised, and no content was sent.
quickstart-fetched = ✓ The bookkeeper signed first, then fetched { $documents } documents, every piece checked.
quickstart-seen = ✓ The client can see it: { $person } fetched them on { $when }.
quickstart-compared = ✓ The { $documents } documents fetched are the originals, byte for byte.
quickstart-verified = ✓ Without a network, from receipt, document and pin alone, every property holds.
quickstart-tampered-document = ✓ One byte of a copy of a document was changed: verification fails at once, as it must.
quickstart-tampered-receipt = ✓ One byte of a copy of the receipt was changed: verification fails at once, as it must.
quickstart-disk-silent = ✓ The whole gateway folder, { $bytes }, was searched for { $marks } marks: names, samples of contents, digests. None of them is there.
quickstart-check-failed = ✗ This does not hold: { $claim }
quickstart-done = All { $checks } claims were checked, and all hold. It took { $time }.
quickstart-on-title = Go on by hand:
quickstart-on-gateway = { "  " }Start the gateway  { $command }
quickstart-on-send = { "  " }Send as client     { $command }
quickstart-on-list = { "  " }List as bookkeeper { $command }
quickstart-on-verify = { "  " }Verify a receipt   { $command }
quickstart-staying = The gateway keeps running. Press Ctrl-C to stop.
quickstart-remove = To be rid of it, delete the folder: { $folder }

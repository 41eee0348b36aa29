"""What a mission received, adopted, decided, had witnessed, sealed and erased, entry by entry, and what shows that.

entries      the record itself: one ledger that only grows
received     batches of reports, encrypted beside it
taken_over   what a mission without a ledger kept
adoptions    what it works with
witnesses    heads that others hold
proofs       whether it still is what it was
erasures     what had to go by law
custody      identities that custodians open together
"""

"""Whether a clause was broken, and who answers for it, as far as the law and the reports say.

judgements   each incident under each clause
occasions    each occasion on which something was to be done, and was not
dockets      all clauses, made ready to be asked about very many incidents at once
"""

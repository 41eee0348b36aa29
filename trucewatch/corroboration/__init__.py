"""What tells of one event, and how many voices that makes: no copy counts as a second one.

drift        how a text changes as it is passed on
echoes       texts that repeat one another
likeness     how alike two claims are
weights      what each likeness and unlikeness counts for
links        which claims tell of one event
origins      on whose word each claim rests
accounts     the alternatives of an incident's facts; what contradicts stands side by side
"""

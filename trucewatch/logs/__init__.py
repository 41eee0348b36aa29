"""What a mission writes down itself, as sheets: one row a fact.

lines    how a row comes in, and which row of an id stands
places   where something in a row is
casualties  civilians killed or injured, and by what each was verified
impacts  places where something struck: what it was, and from which direction it came
photographs  a picture without what its camera wrote into it
liaison  messages between the mission and the parties, and the channels they go over
inspections  visits to sites where weapons are to stay
patrols  patrols, posts and cameras: what could be seen, and what is attested to be complete
stages   the steps of an allegation
"""

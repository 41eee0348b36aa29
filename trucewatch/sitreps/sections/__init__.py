"""Sections: what each section of a sitrep says, in the order that missions use; and plainly what the record lacks.

The texts are phrases (`languages`), told in the language of the document at its end. Figures come in that language
already. A section says what the record holds; where nothing of its kind is recorded it says that, and nothing else.
"""

"""The ladder: who can recommend to whom, from those who know most to those who know least."""

from lakerec.diagnostics.rankings import ALS, POPULARITY

FOLD_IN, SESSION, ITEM_ATTRIBUTES = "fold_in", "session", "item_attributes"

RUNGS = (ALS, FOLD_IN, SESSION, ITEM_ATTRIBUTES, POPULARITY)
"""Values of `source`: a user the model was trained on; a new or changed one; a session that nobody signed in; an item
too new to have factors; nobody knows anything."""

EXPLAINED = (ALS, FOLD_IN, SESSION)
"""Those whose scores come from what the user did, item by item."""

"""Files of every kind, broken at random, given to the commands that read them."""

"""Pages to play with, made of recordings: plain HTML, one script a run, nothing that needs a network or a server."""

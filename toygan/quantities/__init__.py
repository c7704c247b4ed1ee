"""What is measured of a run, with floors, optimal critics and the diagnosis."""

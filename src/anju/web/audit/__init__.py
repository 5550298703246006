"""For the auditor: registers of what is out of the ordinary, and samples drawn by a seed."""

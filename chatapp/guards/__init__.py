"""What watches an answer while it streams: is it borne out, is it still language, was the model sure?

All guards are pure and incremental: no I/O, no clock, and how the stream was cut into tokens changes nothing.
"""

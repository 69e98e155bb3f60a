"""From the bytes of one delivery to what is concluded about it: a file for each kind of bytes.

Pure. A verdict is a value: whatever the bytes are, nothing is raised but by a bug of ours.
"""

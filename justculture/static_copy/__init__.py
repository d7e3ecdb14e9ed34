"""A copy of the whole public site as plain files, which any web server can give out (docs/adr/009).

addresses  what is in a copy, and where
pages      what a copy has that the live site has not: an A to Z, what was replaced, the data
links      the links of a page, so that they lead to files
taking     asking the portal for each address, and writing the answers down
folder     a new copy takes the place of the one before, whole or not at all
"""

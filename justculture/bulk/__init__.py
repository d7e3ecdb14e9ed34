"""Many resources at once: from a file into the portal, and out again. docs/bulk-content.md is what people read.

columns     what a row may hold, cell by cell
reading     a file, row by row
staging     the rows in PostgreSQL, beside what is there: what each resource would become
parts       its links, figures and lineage: what would come and what would go
checking    what the rows may not be or do together
merging     writing it
importing   all of these in one transaction, and the report
exporting   resources as rows, and rows as a file
"""

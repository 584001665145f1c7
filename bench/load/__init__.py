"""Load generators: processes of their own, so that they do not share an interpreter with what measures.

Each is told one `Job` on its standard input and reports one `Report` on its standard output (MessagePack).
"""

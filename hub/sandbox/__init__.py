"""The outside world for the demo, the crash tests and the benchmark.

Three processes behind real HTTP and real files: a `store` that speaks an Admin GraphQL protocol, a `warehouse`
that serves docs/warehouse-api.yaml, and a trading `partner` that exchanges X12 files. They share no code with the
connectors or the EDI engine: they are the independent other side. `world.World` starts and drives them.
"""

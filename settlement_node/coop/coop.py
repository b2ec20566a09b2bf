"""One co-op at work: the single writer, and everything that the doors may ask of it.

For an HTTP layer and a command line (each `async` unless marked):

    Coop.found(store, founding, keyring, clock, randomness)   write entry 0; once per store
    Coop.open(store, keyring, clock, randomness, settings)    load what the store holds
    coop.start()            begin to write: overdue decisions first, then what is submitted
    coop.close()            commit what waits, publish a last checkpoint, stop; loses nothing
    coop.failure            plain: why it stopped by itself, or None

    coop.submit(wires) -> [Receipt | RefusedError]   in order; BusyError, StoppedError
    coop.join(wire) -> Joined                        JoinRefusedError; again = same answer
    coop.show_checkpoint(note)                       somebody else's; larger = read-only
    coop.offer_entries(start, entries)               what a restored node regains, from any mirror
    coop.offer_body(index, body)

    coop.facts              plain: identifier, currency, token, market, origin, keys
    coop.state              plain, read only: members, roles, invites, announcements
    coop.position           plain: entries, last logged time, last checkpoint, why read-only
    coop.key_in_force(member)                        plain: for challenges; None if nobody
    coop.roles(member)                               plain
    coop.heads(member) -> {stream: [Head, live?]}    plain: where a home goes on
    coop.receipt(place) -> Receipt | None
    coop.statement(place) -> (index, wire) | None
    coop.statements(member, stream, chain, after, limit) -> [(seq, index, wire)]
    coop.entry(index), coop.body(index)              public; private: check the role first
    coop.proof_file(index) -> bytes | None           `.tlog-proof`, None until a checkpoint holds it
    coop.shelf.fetch(path) -> Served | None          `checkpoint`, `tile/...` with type and caching
    coop.shelf.inclusion(index, size), coop.shelf.consistency(old, new)

    coop.events.since(member, after, limit) -> [Event]
    coop.events.listen(member, after)                iterator: what was missed, then live

Operators' actions are statements: they come by `submit` like all others. `governance.actions`
builds and reads their parameters.
"""

"""Circles in what leads to what."""


def circles(edges):
    """Each circle that a walk along the *edges* (from → those it leads to) comes upon, as the path that closes it.

    A circle that shares its last step with one that was found already is not found again. Linear in the edges.
    """
    done, place = set(), {}
    for start in edges:
        if start in done:
            continue
        path, branches = [start], [iter(edges[start])]
        place[start] = 0
        while path:
            step = next(branches[-1], None)
            if step is None:
                branches.pop()
                done.add(path[-1])
                del place[path.pop()]
            elif step in place:
                yield [*path[place[step] :], step]
            elif step not in done and step in edges:
                place[step] = len(path)
                path.append(step)
                branches.append(iter(edges[step]))

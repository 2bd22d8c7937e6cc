"""One day of the shop: what people and bots set going on it, with what goes wrong on its way."""

from typing import NamedTuple

import numpy as np

from lakerec.shop.bots import bot_rows, count_bot_sessions
from lakerec.shop.catalogue import Offer
from lakerec.shop.crowd import Block, Crowd, Shop
from lakerec.shop.mess import deliver, plant
from lakerec.shop.rows import Bools, Ints, Rows
from lakerec.shop.visits import WEEKDAY_FACTORS, SignIn, resume_visits

DAY_STREAM = 4
EVENTS_PER_DAY = 10**9  # room for their numbers


class Resuming(NamedTuple):
    """Sessions that go on the next day, and there sign in."""

    users: Ints
    sessions: Ints


class Sessions(NamedTuple):
    """One entry per session that begins on the day and has events."""

    session: Ints
    user: Ints  # NOBODY where it never signs in
    sign_in: Ints
    is_bot: Bools


class DrawnDay(NamedTuple):
    """What a day leaves: rows to deliver then or later, sessions to resume, and whose its sessions are."""

    rows: Rows
    resuming: Resuming
    sessions: Sessions


NOBODY_RESUMES = Resuming(np.zeros(0, np.int64), np.zeros(0, np.int64))


def draw_day(shop: Shop, offer: Offer, resuming: Resuming, day: int, day_at: int) -> DrawnDay:
    """Draw what a day leaves; the same arguments draw the same.

    Args:
        shop: People and catalogue.
        offer: Prices and availability of the day.
        resuming: Sessions of the day before that go on.
        day: 0 is the first.
        day_at: When it starts, ms.
    """
    settings = shop.settings
    rng = np.random.default_rng([settings.seed, DAY_STREAM, day])
    busyness = WEEKDAY_FACTORS[(settings.start_date.weekday() + day) % 7]
    ordinary_share = 1 - settings.planted_share - settings.bot_share
    crowd = Crowd(rng, shop, offer, day, day_at)
    resumed = crowd.come(resume_visits(crowd.visits_of(resuming.users), resuming.sessions, day_at))
    blocks = crowd.come_until(settings.events_per_day * busyness * ordinary_share - len(resumed.rows))
    bot_sessions = crowd.sessions.take(count_bot_sessions(rng, settings, shop.people))
    bots = bot_rows(rng, shop.people, crowd.shelf, bot_sessions, day_at)
    rows = np.concatenate([resumed.rows, *(block.rows for block in blocks), bots])
    return DrawnDay(_send(rng, shop, rows, day), _who_resumes(blocks), _sessions(blocks, bots))


def _send(rng: np.random.Generator, shop: Shop, rows: Rows, day: int) -> Rows:
    """Number the rows, settle when each is delivered, and add what is planted among them."""
    first = day * EVENTS_PER_DAY + 1
    rows["number"] = first + np.arange(len(rows))
    deliver(rng, shop.settings, rows)
    return np.concatenate([rows, plant(rng, shop.settings, rows, first + len(rows))])


def _who_resumes(blocks: list[Block]) -> Resuming:
    """The visits of a day that sign in on the next."""
    chosen = [block.visits.sign_in == SignIn.NEXT_DAY for block in blocks]
    users = [block.visits.user[which] for block, which in zip(blocks, chosen, strict=True)]
    sessions = [block.visits.session[which] for block, which in zip(blocks, chosen, strict=True)]
    return Resuming(
        np.concatenate([*users, NOBODY_RESUMES.users]), np.concatenate([*sessions, NOBODY_RESUMES.sessions])
    )


def _sessions(blocks: list[Block], bots: Rows) -> Sessions:
    """Whose the sessions are, of people and of bots."""
    parts = [_sessions_of_people(block) for block in blocks]
    session, first = np.unique(bots["session"], return_index=True)
    user = bots["user"][first].astype(np.int64)
    parts.append(Sessions(session, user, np.full(len(session), SignIn.AT_ONCE), np.ones(len(session), bool)))
    return Sessions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _sessions_of_people(block: Block) -> Sessions:
    visits, rows = block
    chosen = np.isin(visits.session, rows["session"])
    user, sign_in = visits.sent_user[chosen], visits.sign_in[chosen]
    return Sessions(visits.session[chosen], user, sign_in, np.zeros(len(user), bool))

"""How large the generated shop is, what makes people buy in it, and how much mess its log carries."""

from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from lakerec.contract import Settings

NEVER = 1 << 30


class ShopSettings(Settings):
    """The generated shop. All shares are of the lines delivered on a day, unless they say otherwise."""

    truth: str = Field(description="folder for the planted truth; empty: `truth` beside the landing folder")
    seed: int = Field(ge=0, description="same seed and settings, same bytes")
    start_date: date = Field(description="first day, UTC; YYYY-MM-DD")
    days: int = Field(ge=1, description="days of log; one more day adds that day's files and changes no other")
    events_per_day: int = Field(ge=1, description="lines delivered on an average day, mess included")
    user_count: int = Field(ge=1, description="people who have signed up once all have arrived")
    item_count: int = Field(ge=1, description="items in the catalogue once all are listed")
    style_count: int = Field(ge=2, le=12, description="latent groups that tastes and items belong to")
    opening_share: float = Field(gt=0, le=1, description="share of users and items there from the first day")
    daily_arrival_share: float = Field(ge=0, le=1, description="share of users and items that is added per day")
    base_log_odds: float = Field(description="log-odds of a purchase within 7 days without any action")
    view_log_odds: float = Field(gt=0, description="increase in these log-odds per view of the item")
    scroll_log_odds: float = Field(ge=0, description="increase in these log-odds per scroll on the item's page")
    cart_log_odds: float = Field(ge=0, description="increase in these log-odds per time put in the cart")
    return_share: float = Field(ge=0, le=1, description="share of purchases sent back 2 to 7 days later")
    list_share: float = Field(ge=0, le=1, description="share of visits that start with a list of items shown")
    anonymous_share: float = Field(ge=0, le=1, description="share of visits that never sign in")
    late_sign_in_share: float = Field(ge=0, le=1, description="share of visits that sign in half-way")
    next_day_sign_in_share: float = Field(ge=0, le=1, description="share of visits that sign in the day after")
    bot_share: float = Field(ge=0, lt=0.5, description="share of lines that bots leave")
    malformed_share: float = Field(ge=0, lt=0.2, description="share of lines that cannot be read")
    unknown_action_share: float = Field(ge=0, lt=0.2, description="share of lines with an action nobody knows")
    missing_item_share: float = Field(ge=0, lt=0.2, description="share of lines without an item")
    unreadable_time_share: float = Field(ge=0, lt=0.2, description="share of lines whose time cannot be read")
    repeated_share: float = Field(ge=0, lt=0.2, description="share of lines that stand twice in one file")
    redelivered_share: float = Field(ge=0, lt=0.2, description="share of lines that a later file holds again")
    late_share: float = Field(ge=0, lt=0.5, description="share of events delivered 1 to 48 hours late")
    out_of_order_share: float = Field(ge=0, le=1, description="share of lines at a random place in their file")

    @property
    def planted_share(self) -> float:
        """Share of lines that are not an ordinary event in its first delivery."""
        rejected = self.unknown_action_share + self.missing_item_share + self.unreadable_time_share
        return self.malformed_share + rejected + self.repeated_share + self.redelivered_share

    @property
    def action_log_odds(self) -> dict[str, float]:
        """What one more event of an action adds to the log-odds that its pair is bought within 7 days."""
        return {"view": self.view_log_odds, "scroll": self.scroll_log_odds, "cart": self.cart_log_odds}

    def arrival_days(self, count: int) -> npt.NDArray[np.int64]:
        """Day (0 is the first) on which each of `count` users or items arrives; `NEVER` without daily arrivals."""
        opening = max(1, round(self.opening_share * count))
        rank = np.arange(count) - opening
        if not self.daily_arrival_share:
            return np.where(rank < 0, 0, NEVER)
        return np.where(rank < 0, 0, 1 + (rank / (self.daily_arrival_share * count)).astype(np.int64))

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.anonymous_share + self.late_sign_in_share + self.next_day_sign_in_share > 1:
            raise ValueError("anonymous_share, late_sign_in_share and next_day_sign_in_share together exceed 1")
        if self.planted_share + self.bot_share > 0.5:
            raise ValueError("planted shares and bot_share together exceed 0.5: too little of the log is ordinary")
        if self.events_per_day > self.user_count * self.item_count / 8:
            raise ValueError("events_per_day exceeds user_count * item_count / 8: too few pairs to make so many events")
        return self

"""The words that a fashion shop's catalogue is made of; composed to names that a person can picture."""

from typing import NamedTuple


class Style(NamedTuple):
    """A latent group. Materials belong to one style alone, so names are unique across styles."""

    name: str
    brand: str
    materials: tuple[str, ...]
    colours: tuple[str, ...]
    price_factor: float


class Category(NamedTuple):
    """A visible group of items, with the price of an ordinary one."""

    name: str
    cuts: tuple[str, ...]
    price: float


# fmt: off
STYLES = (
    Style("coastal", "Maré", ("Linen", "Seersucker", "Gauze", "Muslin"),
          ("sage", "sand", "sky blue", "white", "coral", "seafoam"), 0.9),
    Style("city", "Halden & Roy", ("Poplin", "Gabardine", "Twill", "Worsted"),
          ("black", "charcoal", "navy", "white", "stone", "claret"), 1.2),
    Style("outdoor", "Fjellrev", ("Fleece", "Ripstop", "Merino", "Softshell"),
          ("moss", "rust", "slate", "ochre", "spruce", "granite"), 1.1),
    Style("evening", "Noir Céleste", ("Silk", "Satin", "Velvet", "Brocade"),
          ("burgundy", "emerald", "black", "champagne", "midnight", "plum"), 1.8),
    Style("denim", "Copper Rivet", ("Denim", "Chambray", "Selvedge", "Stonewashed"),
          ("indigo", "washed blue", "ecru", "black", "bleached", "grey"), 0.9),
    Style("sport", "Lapwing", ("Mesh", "Jersey", "Stretch", "Quick-dry"),
          ("lime", "cobalt", "black", "white", "signal red", "graphite"), 0.8),
    Style("heritage", "Thornbury", ("Tweed", "Corduroy", "Flannel", "Herringbone"),
          ("tobacco", "forest", "oatmeal", "heather", "chestnut", "bracken"), 1.4),
    Style("bohemian", "Luna Park", ("Crochet", "Suede", "Embroidered", "Patchwork"),
          ("terracotta", "turquoise", "cream", "saffron", "rose", "cinnamon"), 1.0),
    Style("minimal", "Enkelt", ("Cashmere", "Crepe", "Ponte", "Felted"),
          ("camel", "ivory", "grey melange", "black", "taupe", "chalk"), 1.6),
    Style("street", "Block 9", ("Nylon", "Canvas", "Terry", "Reflective"),
          ("acid green", "black", "concrete", "orange", "violet", "washed black"), 0.8),
    Style("romantic", "Églantine", ("Lace", "Chiffon", "Voile", "Tulle"),
          ("blush", "lilac", "ivory", "powder blue", "peach", "mint"), 1.1),
    Style("workwear", "Anvil Row", ("Moleskin", "Drill", "Waxed", "Ticking"),
          ("khaki", "navy", "brick", "olive", "undyed", "ink"), 1.0),
)
# fmt: on

CATEGORIES = (
    Category("dresses", ("summer dress", "wrap dress", "shirt dress", "midi dress"), 69),
    Category("shirts", ("shirt", "overshirt", "blouse", "tunic"), 45),
    Category("tops", ("t-shirt", "tank top", "polo", "long-sleeve top"), 25),
    Category("knitwear", ("crew-neck jumper", "cardigan", "roll-neck jumper", "slipover"), 59),
    Category("jackets", ("jacket", "bomber jacket", "blazer", "gilet"), 109),
    Category("coats", ("trench coat", "overcoat", "duffle coat", "raincoat"), 169),
    Category("trousers", ("straight trousers", "wide-leg trousers", "chinos", "culottes"), 65),
    Category("skirts", ("A-line skirt", "pencil skirt", "pleated skirt", "mini skirt"), 49),
    Category("shoes", ("loafers", "sneakers", "ankle boots", "espadrilles"), 95),
    Category("bags", ("tote bag", "shoulder bag", "backpack", "clutch"), 79),
    Category("scarves", ("scarf", "shawl", "neckerchief", "snood"), 29),
    Category("hats", ("cap", "bucket hat", "beanie", "beret"), 27),
)

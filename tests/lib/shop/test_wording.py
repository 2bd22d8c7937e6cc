from lakerec.shop.wording import CATEGORIES, STYLES


def test_no_material_belongs_to_two_styles_so_that_names_stay_unique() -> None:
    materials = [material for style in STYLES for material in style.materials]

    assert len(set(materials)) == len(materials)


def test_every_style_and_every_category_has_as_many_words_as_the_others() -> None:
    assert {(len(style.materials), len(style.colours)) for style in STYLES} == {(4, 6)}
    assert {len(category.cuts) for category in CATEGORIES} == {4}

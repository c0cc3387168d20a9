"""Published image counts of MIRFLICKR-25000's labels."""

from collections.abc import Mapping

POTENTIAL_COUNTS: Mapping[str, int] = {
    "animals": 3_216,
    "baby": 259,
    "bird": 742,
    "car": 1_177,
    "clouds": 3_700,
    "dog": 684,
    "female": 6_193,
    "flower": 1_823,
    "food": 990,
    "indoor": 8_313,
    "lake": 791,
    "male": 6_069,
    "night": 2_711,
    "people": 10_373,
    "plant_life": 8_763,
    "portrait": 3_931,
    "river": 894,
    "sea": 1_322,
    "sky": 7_912,
    "structures": 9_992,
    "sunset": 2_135,
    "transport": 2_896,
    "tree": 4_683,
    "water": 3_331,
}
RELEVANT_COUNTS: Mapping[str, int] = {
    "baby_r1": 116,
    "bird_r1": 443,
    "car_r1": 317,
    "clouds_r1": 1_338,
    "dog_r1": 627,
    "female_r1": 4_079,
    "flower_r1": 1_075,
    "male_r1": 3_626,
    "night_r1": 663,
    "people_r1": 7_849,
    "portrait_r1": 3_829,
    "river_r1": 149,
    "sea_r1": 212,
    "tree_r1": 667,
}
"""Images of each label in the whole annotation v080. All 38 together are 4.716 labels an image, as is published.

Label by label, they were compared with no whole copy.
"""

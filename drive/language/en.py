"""English."""

from drive.language.words import Phrase, Words


def _foreseen(modal: str) -> dict[str, Phrase]:
    """Consequences of an option; `modal` says whether it is taken (will) or not (would)."""
    subject = f"{{option}}{{then}} {modal}"
    return {
        "speed gain": Phrase(
            f"{subject} gain {{said}}",
            f"{subject} cost {{said}}",
            f"{subject} gain no speed",
            limit=" (I ask for {threshold})",
        ),
        "value": Phrase(
            f"{subject} be worth {{said}} to me",
            f"{subject} cost me {{said}}",
            f"{subject} be worth nothing to me",
        ),
        "incentive": Phrase(
            f"{subject} free {{said}} of acceleration",
            f"{subject} cost {{said}} of acceleration",
            f"{subject} free no acceleration",
            limit=" (I ask for {threshold})",
        ),
    }


ENGLISH = Words(
    decimal=".",
    stop=". ",
    end=".",
    colon=": ",
    clauses=(", ", ", and "),
    predicates=(", ", " and "),
    duration="for {said}, ",
    car="car {car}",
    object="object {object}",
    together=(", ", " and "),
    either=(", ", " or "),
    absences={"task": "this goal", "speed limit": "the speed limit"},
    it="it",
    subject="{body} {predicates}",
    places=("", " on the left", " on the right"),
    then=", then {option},",
    within=" within {horizon}",
    units={"": "", "m": " m", "s": " s", "m/s": " m/s", "m/s²": " m/s²", "deg": "°"},
    actions={
        "LANE_LEFT": "change left",
        "IDLE": "carry on",
        "LANE_RIGHT": "change right",
        "FASTER": "speed up",
        "SLOWER": "slow down",
        "LANE_KEEP": "keep the lane",
        "FOLLOW": "follow the planned path",
        "FOLLOW_OTHER": "follow another path",
    },
    acting="be {option}",
    path="{option} to {said}",
    doing={
        "LANE_LEFT": "changing left",
        "IDLE": "carrying on",
        "LANE_RIGHT": "changing right",
        "FASTER": "speeding up",
        "SLOWER": "slowing down",
        "LANE_KEEP": "keeping the lane",
        "FOLLOW": "following the planned path",
        "FOLLOW_OTHER": "following another path",
    },
    steering={
        "left": "steering {said} to the left",
        "right": "steering {said} to the right",
        "straight": "steering straight",
    },
    pedal={"up": " while accelerating at {said}", "down": " while braking at {said}", "hold": ""},
    longitudinal={
        "speed tracking": "speed tracking",
        "lead following": "lead following",
        "speed adaptation": "speed adaptation",
        "gap searching": "gap searching",
        "accelerating to overtake": "accelerating to overtake",
        "yielding": "yielding",
        "stopping for a static constraint": "stopping for a static constraint",
    },
    lateral={
        "lane keeping": "lane keeping",
        "lane change": "lane change",
        "merge or split": "merge or split",
        "turn": "turn",
        "nudge in lane": "nudge in lane",
        "nudge out of lane": "nudge out of lane",
        "pull over": "pull over",
        "abort of a lateral manoeuvre": "abort of a lateral manoeuvre",
    },
    sides={"left": "left", "right": "right"},
    ties={
        "causes": "the action was decoded from this text",
        "shares evidence": "text and action come from the same computation",
        "post hoc": "said after the decision; it took no part in it",
    },
    changes={
        "slow down": "slow down",
        "speed up": "speed up",
        "keep speed": "keep my speed",
        "stop": "stop",
        "wait": "stand still",
        "drive backwards": "drive backwards",
    },
    claims={
        ("observation", "gap ahead"): Phrase(
            "{said} ahead{place}", verb="is ", limit=" (I want {threshold})"
        ),
        ("observation", "time gap"): Phrase(
            "{said} away{place}", verb="is ", limit=" (I want {threshold})"
        ),
        ("observation", "slower ahead"): Phrase(
            "{said} slower{place}", "{said} faster{place}", "as fast as I am{place}", verb="is "
        ),
        ("observation", "time to collision"): Phrase(
            "{said} from contact{place}", verb="is ", limit=" (I want {threshold})"
        ),
        ("observation", "gap behind"): Phrase(
            "{said} behind{place}", verb="is ", limit=" (I want {threshold})"
        ),
        ("observation", "closing from behind"): Phrase(
            "closing at {said}{place}",
            "falling back at {said}{place}",
            "neither closing nor falling back{place}",
            verb="is ",
        ),
        ("observation", "imposed braking"): Phrase(
            "would have to brake at {said}{place}", limit=" (I allow {threshold})"
        ),
        ("observation", "beside"): Phrase("beside me{place}, overlapping by {said}", verb="is "),
        ("observation", "oncoming"): Phrase("oncoming {said} ahead{place}", verb="is "),
        ("observation", "to the left"): Phrase("{said} away to my left", verb="is "),
        ("observation", "to the right"): Phrase("{said} away to my right", verb="is "),
        ("observation", "its speed"): Phrase("doing {said}", zero="standing still", verb="is "),
        ("observation", "lane ends"): Phrase("the lane{place} ends in {said}"),
        ("observation", "free ahead"): Phrase("the road ahead{place} is free for {said}"),
        ("observation", "no lane"): Phrase("there is no lane{place}"),
        ("observation", "bend radius"): Phrase("the bend ahead has a radius of {said}"),
        ("observation", "lateral offset"): Phrase(
            "I am {said} left of the lane's centre",
            "I am {said} right of the lane's centre",
            "I am on the lane's centre",
        ),
        ("observation", "heading error"): Phrase(
            "I point {said} to the left of the lane",
            "I point {said} to the right of the lane",
            "I point along the lane",
        ),
        ("observation", "duration"): Phrase("this holds for {said}"),
        ("rule", "distance to exit"): Phrase("my exit is {said} ahead"),
        ("rule", "lanes to goal"): Phrase(
            "there are {said} lanes still to cross", one="there is {said} lane still to cross"
        ),
        ("rule", "lanes to the right"): Phrase(
            "one should keep right, and there are {said} lanes to my right",
            one="one should keep right, and there is {said} lane to my right",
        ),
        ("rule", "acceleration asked"): Phrase(
            "my rule asks for no more than {said}",
            "my rule asks me to brake at {said}",
            "my rule asks me to hold my speed",
        ),
        ("rule", "always"): Phrase("this is what I always do, and nothing was weighed"),
        ("rule", "drawn"): Phrase("this was drawn at random, and nothing was weighed"),
        ("intention", "speed change"): Phrase("I will {said}"),
        ("intention", "target speed"): Phrase("I will drive {said}"),
        ("intention", "lane"): Phrase("I will be in lane {said}"),
        ("cause", "decision"): Phrase("{body} is the cause"),
        ("cause", "without"): Phrase("without {body} I would {act}"),
        ("cause", "task"): Phrase("without {body} I would {act}"),
        ("cause", "speed limit"): Phrase("without {body} I would {act}"),
        ("cause", "poor sight"): Phrase("with a clear view I would {act}"),
        ("cause", "several"): Phrase("only several cars together make a difference"),
        ("cause", "nothing"): Phrase("on an empty road I would do the same"),
        **{("consequence", name): phrase for name, phrase in _foreseen("will").items()},
        **{("rejection", name): phrase for name, phrase in _foreseen("would").items()},
        ("rejection", "predicted contact"): Phrase("could be in my way after {said} of {option}"),
        ("rejection", "speed"): Phrase(
            "{option}{then} would mean {said}{within}", limit=" (I want {threshold})"
        ),
    },
    headline={
        "keep speed": ("{lane} at {speed}{purpose}", "{lane} at {speed}{purpose}"),
        "slow down": (
            "slow down to {speed} and {lane}{purpose}",
            "{lane} and slow down to {speed}{purpose}",
        ),
        "speed up": (
            "speed up to {speed} and {lane}{purpose}",
            "{lane} and speed up to {speed}{purpose}",
        ),
        "stop": ("stop and {lane}{purpose}", "{lane} and stop{purpose}"),
        "wait": ("stand still and {lane}{purpose}", "{lane} and stand still{purpose}"),
        "drive backwards": (
            "drive backwards at {speed} and {lane}{purpose}",
            "{lane} and drive backwards at {speed}{purpose}",
        ),
    },
    lane={
        (None, None): ("keep the lane", "keep lane {lane}"),
        ("lane keeping", None): ("steer along the lane", "steer along lane {lane}"),
        ("lane keeping", "left"): ("steer left along the lane", "steer left along lane {lane}"),
        ("lane keeping", "right"): ("steer right along the lane", "steer right along lane {lane}"),
        ("lane change", "left"): ("change to the left", "change left to lane {lane}"),
        ("lane change", "right"): ("change to the right", "change right to lane {lane}"),
        ("merge or split", "left"): ("merge to the left", "merge left into lane {lane}"),
        ("merge or split", "right"): ("merge to the right", "merge right into lane {lane}"),
        ("turn", "left"): ("turn left", "turn left in lane {lane}"),
        ("turn", "right"): ("turn right", "turn right in lane {lane}"),
        ("nudge in lane", "left"): ("steer left within the lane", "steer left within lane {lane}"),
        ("nudge in lane", "right"): (
            "steer right within the lane",
            "steer right within lane {lane}",
        ),
        ("nudge out of lane", "left"): (
            "edge out of the lane to the left",
            "edge out of lane {lane} to the left",
        ),
        ("nudge out of lane", "right"): (
            "edge out of the lane to the right",
            "edge out of lane {lane} to the right",
        ),
        ("pull over", "left"): ("pull over to the left", "pull over to the left into lane {lane}"),
        ("pull over", "right"): (
            "pull over to the right",
            "pull over to the right into lane {lane}",
        ),
        ("abort of a lateral manoeuvre", "left"): (
            "break off the change to the left",
            "break off the change to the left and return to lane {lane}",
        ),
        ("abort of a lateral manoeuvre", "right"): (
            "break off the change to the right",
            "break off the change to the right and return to lane {lane}",
        ),
    },
    purpose={
        "lead following": (" behind the car ahead", " behind {body}"),
        "speed adaptation": (" for the bend", " because of {body}"),
        "gap searching": (" to find a gap", " to find a gap near {body}"),
        "accelerating to overtake": (" to overtake", " to overtake {body}"),
        "yielding": (" to give way", " to let {body} pass"),
        "stopping for a static constraint": (" before the end", " before {body}"),
    },
    rival={
        "blocked": "{option} is blocked: {claims}",
        "worse": "{option} is worse: {claims}",
        "same": "that speaks against {option}",
        "next": "{option} was next best",
        "alone": "{claims}",
    },
    term="{label}{about}: {value}{limit}",
    limit=" (against {threshold})",
    about=" of {body}",
    terms={
        "time gap": "time gap",
        "gap ahead": "gap ahead",
        "slower ahead": "slower ahead",
        "time to collision": "time to collision",
        "gap behind": "gap behind",
        "closing from behind": "closing from behind",
        "imposed braking": "braking imposed",
        "beside": "beside",
        "predicted contact": "contact foreseen",
        "lane ends": "lane ends",
        "speed gain": "speed gained",
        "acceleration": "acceleration",
        "incentive": "incentive",
        "distance to goal": "distance to goal",
        "lanes to goal": "lanes to goal",
        "lanes to the right": "lanes to the right",
        "curve ahead": "speed for the bend ahead",
        "lateral offset": "off the lane's centre",
        "heading error": "off the lane's direction",
        "free ahead": "free ahead",
        "always": "always so",
        "drawn": "drawn at random",
        "unavailable": "not available here",
        "value": "value",
        "preference": "preference (log-probability)",
        "answer": "the model's answer",
        "no answer": "no valid answer from the model",
    },
    endings={
        "collision": "collision",
        "off road": "off the road",
        "arrived": "arrived",
        "time is up": "time is up",
        "policy failed": "the policy failed",
    },
    ending="end: {reason}",
    contact=" with {partner}, on the {side}",
    weighed="weighed:",
    counts={"for": "for", "against": "against"},
    contact_sides={
        "front": "front",
        "rear": "rear",
        "left": "left",
        "right": "right",
        "unknown": "unknown side",
    },
)

"""Chinese (simplified)."""

from drive.language.words import Phrase, Words

WANT = "（期望 {threshold}）"


def _foreseen(modal: str) -> dict[str, Phrase]:
    """Consequences of an option; `modal` says whether it is taken (将) or not (本会)."""
    subject = f"{{option}}{{then}}{modal}"
    return {
        "gap ahead": Phrase(f"{subject}{{within}}使我距 {{body}}仅 {{said}}", limit=WANT),
        "gap behind": Phrase(f"{subject}{{within}}与后方 {{body}}相距 {{said}}", limit=WANT),
        "time gap": Phrase(f"{subject}{{within}}与 {{body}}只留 {{said}}", limit=WANT),
        "time to collision": Phrase(f"{subject}{{within}}距碰撞 {{body}}只剩 {{said}}", limit=WANT),
        "imposed braking": Phrase(
            f"{subject}{{within}}迫使 {{body}}以 {{said}} 制动", limit="（可接受 {threshold}）"
        ),
        "predicted contact": Phrase(f"{modal}在{{option}} {{said}} 后挡住我的路"),
        "speed": Phrase(f"{subject}{{within}}达到 {{said}}", limit=WANT),
        "acceleration": Phrase(
            f"{subject}以 {{said}} 加速", f"{subject}以 {{said}} 制动", f"{subject}维持车速"
        ),
        "speed gain": Phrase(
            f"{subject}快 {{said}}",
            f"{subject}慢 {{said}}",
            f"{subject}不提高车速",
            limit="（要求 {threshold}）",
        ),
        "value": Phrase(
            f"{subject}对我值 {{said}}", f"{subject}让我损失 {{said}}", f"{subject}对我毫无价值"
        ),
        "incentive": Phrase(
            f"{subject}多得 {{said}} 加速度",
            f"{subject}损失 {{said}} 加速度",
            f"{subject}不增加加速度",
            limit="（要求 {threshold}）",
        ),
    }


CHINESE = Words(
    decimal=".",
    stop="。",
    end="。",
    colon="：",
    clauses=("；", "；"),
    predicates=("，", "，且"),
    duration="持续 {said}，",
    car="{car} 号车",
    object="{object} 号物体",
    together="和 ",
    it="它",
    subject="{body}{predicates}",
    places=("", "在左侧车道", "在右侧车道"),
    then="，然后{option}，",
    within="在 {horizon} 内",
    units={
        "": "",
        "m": " 米",
        "s": " 秒",
        "m/s": " 米/秒",
        "m/s²": " 米/秒²",
        "deg": "°",
    },
    actions={
        "LANE_LEFT": "向左变道",
        "IDLE": "照常行驶",
        "LANE_RIGHT": "向右变道",
        "FASTER": "加速",
        "SLOWER": "减速",
    },
    doing={
        "LANE_LEFT": "向左变道",
        "IDLE": "照常行驶",
        "LANE_RIGHT": "向右变道",
        "FASTER": "加速",
        "SLOWER": "减速",
        "LANE_KEEP": "保持车道",
    },
    steering={"left": "向左转向 {said}", "right": "向右转向 {said}", "straight": "直行转向"},
    pedal={"up": "并以 {said} 加速", "down": "并以 {said} 制动", "hold": ""},
    longitudinal={
        "speed tracking": "保持目标车速",
        "lead following": "跟车",
        "speed adaptation": "因路调速",
        "gap searching": "寻找空隙",
        "accelerating to overtake": "加速超车",
        "yielding": "让行",
        "stopping for a static constraint": "因静止障碍停车",
    },
    lateral={
        "lane keeping": "车道保持",
        "lane change": "变道",
        "merge or split": "汇入或分出",
        "turn": "转弯",
        "nudge in lane": "车道内微调",
        "nudge out of lane": "越线微调",
        "pull over": "靠边",
        "abort of a lateral manoeuvre": "中止横向动作",
    },
    sides={"left": "左", "right": "右"},
    ties={
        "causes": "动作由此文本解码而来",
        "shares evidence": "文本与动作出自同一计算",
        "post hoc": "决定之后所说，未参与决定",
    },
    changes={
        "slow down": "减速",
        "speed up": "加速",
        "keep speed": "保持车速",
        "stop": "停车",
        "wait": "原地等待",
    },
    claims={
        ("observation", "gap ahead"): Phrase("{place}位于前方 {said}", limit=WANT),
        ("observation", "time gap"): Phrase("{place}与我相隔 {said}", limit=WANT),
        ("observation", "slower ahead"): Phrase(
            "{place}比我慢 {said}", "{place}比我快 {said}", "{place}与我同速"
        ),
        ("observation", "time to collision"): Phrase("{place}距碰撞 {said}", limit=WANT),
        ("observation", "gap behind"): Phrase("{place}位于后方 {said}", limit=WANT),
        ("observation", "closing from behind"): Phrase(
            "{place}以 {said} 逼近", "{place}以 {said} 落后", "{place}既不逼近也不落后"
        ),
        ("observation", "imposed braking"): Phrase(
            "{place}须以 {said} 制动", limit="（可接受 {threshold}）"
        ),
        ("observation", "beside"): Phrase("{place}与我并排，重叠 {said}"),
        ("observation", "oncoming"): Phrase("{place}从前方 {said} 迎面驶来"),
        ("observation", "to the left"): Phrase("在我左边 {said}"),
        ("observation", "to the right"): Phrase("在我右边 {said}"),
        ("observation", "its speed"): Phrase("以 {said} 行驶", zero="静止不动"),
        ("observation", "lane ends"): Phrase("道路{place}再过 {said} 结束"),
        ("observation", "free ahead"): Phrase("前路{place}在 {said} 内无车"),
        ("observation", "no lane"): Phrase("没有车道{place}"),
        ("observation", "speed"): Phrase("我的车速为 {said}", zero="我静止不动", limit=WANT),
        ("observation", "bend radius"): Phrase("前方弯道半径为 {said}"),
        ("observation", "lateral offset"): Phrase(
            "我偏离车道中心向左 {said}", "我偏离车道中心向右 {said}", "我在车道中心"
        ),
        ("observation", "heading error"): Phrase(
            "我的车头偏左 {said}", "我的车头偏右 {said}", "我的车头与车道一致"
        ),
        ("observation", "duration"): Phrase("此状态持续 {said}"),
        ("rule", "right of way"): Phrase("有优先权并将在 {said} 后到达"),
        ("rule", "speed limit"): Phrase("限速 {said}"),
        ("rule", "distance to exit"): Phrase("我的出口在前方 {said}"),
        ("rule", "distance to goal"): Phrase("我的目标在前方 {said}"),
        ("rule", "lanes to goal"): Phrase("还须越过 {said} 条车道"),
        ("rule", "acceleration asked"): Phrase(
            "我的规则最多要求 {said}", "我的规则要求以 {said} 制动", "我的规则要求维持车速"
        ),
        ("rule", "always"): Phrase("我总是这样做，未作任何权衡"),
        ("rule", "drawn"): Phrase("这是随机抽取的，未作任何权衡"),
        ("intention", "speed change"): Phrase("我将{said}"),
        ("intention", "target speed"): Phrase("我将以 {said} 行驶"),
        ("intention", "lane"): Phrase("我将在第 {said} 车道"),
        ("cause", "decision"): Phrase("原因是 {body}"),
        ("cause", "without"): Phrase("若无 {body}我会{option}"),
        ("cause", "task"): Phrase("若无此目标我会{option}"),
        ("cause", "speed limit"): Phrase("若无限速我会{option}"),
        ("cause", "poor sight"): Phrase("若视野清晰我会{option}"),
        ("cause", "several"): Phrase("只有几辆车一起才有影响"),
        ("cause", "nothing"): Phrase("附近没有任何影响"),
        ("visibility", "hidden"): Phrase("{body}最后见于 {other}后方，可能仍在那里"),
        **{("consequence", name): phrase for name, phrase in _foreseen("将").items()},
        **{("rejection", name): phrase for name, phrase in _foreseen("本会").items()},
    },
    headline={
        "keep speed": ("以 {speed} {lane}{purpose}", "以 {speed} {lane}{purpose}"),
        "slow down": ("减速到 {speed} 并{lane}{purpose}", "{lane}并减速到 {speed}{purpose}"),
        "speed up": ("加速到 {speed} 并{lane}{purpose}", "{lane}并加速到 {speed}{purpose}"),
        "stop": ("停车并{lane}{purpose}", "{lane}并停车{purpose}"),
        "wait": ("原地等待并{lane}{purpose}", "{lane}并原地等待{purpose}"),
    },
    lane={
        (None, None): ("保持车道", "保持第 {lane} 车道"),
        ("lane keeping", None): ("沿车道转向", "沿第 {lane} 车道转向"),
        ("lane keeping", "left"): ("沿车道向左转向", "沿第 {lane} 车道向左转向"),
        ("lane keeping", "right"): ("沿车道向右转向", "沿第 {lane} 车道向右转向"),
        ("lane change", "left"): ("向左变道", "向左变到第 {lane} 车道"),
        ("lane change", "right"): ("向右变道", "向右变到第 {lane} 车道"),
        ("merge or split", "left"): ("向左汇入", "向左汇入第 {lane} 车道"),
        ("merge or split", "right"): ("向右汇入", "向右汇入第 {lane} 车道"),
        ("turn", "left"): ("左转", "在第 {lane} 车道左转"),
        ("turn", "right"): ("右转", "在第 {lane} 车道右转"),
        ("nudge in lane", "left"): ("在车道内向左微调", "在第 {lane} 车道内向左微调"),
        ("nudge in lane", "right"): ("在车道内向右微调", "在第 {lane} 车道内向右微调"),
        ("nudge out of lane", "left"): ("向左越线避让", "从第 {lane} 车道向左越线避让"),
        ("nudge out of lane", "right"): ("向右越线避让", "从第 {lane} 车道向右越线避让"),
        ("pull over", "left"): ("向左靠边", "向左靠边到第 {lane} 车道"),
        ("pull over", "right"): ("向右靠边", "向右靠边到第 {lane} 车道"),
        ("abort of a lateral manoeuvre", "left"): (
            "放弃向左变道",
            "放弃向左变道并回到第 {lane} 车道",
        ),
        ("abort of a lateral manoeuvre", "right"): (
            "放弃向右变道",
            "放弃向右变道并回到第 {lane} 车道",
        ),
    },
    purpose={
        "lead following": ("，跟随前车", "，跟随 {body}"),
        "speed adaptation": ("，因前方弯道", "，因 {body}"),
        "gap searching": ("，以寻找空隙", "，以在 {body}旁寻找空隙"),
        "accelerating to overtake": ("，以便超车", "，以便超过 {body}"),
        "yielding": ("，以便让行", "，以便让 {body}先行"),
        "stopping for a static constraint": ("，因前方路尽", "，停在 {body}之前"),
    },
    rival={
        "blocked": "{option}受阻：{claims}",
        "worse": "{option}更差：{claims}",
        "same": "这不利于{option}",
        "next": "其次是{option}",
        "alone": "{claims}",
    },
    term="{label}{about}：{value}{limit}",
    limit="（对照 {threshold}）",
    about="（{body}）",
    terms={
        "time gap": "时距",
        "gap ahead": "前方间距",
        "slower ahead": "前车更慢",
        "time to collision": "碰撞时间",
        "gap behind": "后方间距",
        "closing from behind": "后车逼近",
        "imposed braking": "迫使制动",
        "beside": "并排",
        "predicted contact": "预见接触",
        "lane ends": "车道尽头",
        "speed gain": "提速",
        "speed": "车速",
        "speed limit": "限速",
        "acceleration": "加速度",
        "incentive": "变道动机",
        "distance to goal": "距目标",
        "lanes to goal": "距目标车道数",
        "right of way": "优先权",
        "curve ahead": "弯道适宜车速",
        "lateral offset": "偏离车道中心",
        "heading error": "偏离车道方向",
        "free ahead": "前方空闲",
        "always": "总是如此",
        "drawn": "随机抽取",
        "unavailable": "此处不可用",
        "value": "价值",
        "preference": "偏好（对数概率）",
        "answer": "模型的回答",
        "no answer": "模型没有给出有效回答",
    },
    endings={
        "collision": "碰撞",
        "off road": "驶出道路",
        "arrived": "到达",
        "time is up": "时间到",
        "policy failed": "策略出错",
    },
    ending="结束：{reason}",
    contact="，与 {partner}，{side}",
    weighed="权衡：",
    counts={"for": "赞成", "against": "反对"},
    contact_sides={"front": "前", "rear": "后", "left": "左", "right": "右", "unknown": "未知"},
)

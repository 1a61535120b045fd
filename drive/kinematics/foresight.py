"""Where each option leads, as the ego's own controller would drive it on an empty road.

The option is held for one decision period, then IDLE; continuous control is held for one period,
then the lane is followed at the speed that was reached. Other cars play no part: nothing here
reacts, yields or collides.
"""

from __future__ import annotations

from dataclasses import replace

from drive.kinematics import control
from drive.kinematics.control import State
from drive.kinematics.trajectory import from_states
from drive.types import GRID, HORIZON, Choice, Meta, Option, Scene, Trajectory

SOURCE = "roll-out without interaction"


def foresee(scene: Scene, choice: Choice) -> Choice:
    """The same choice with a trajectory in every option that had none."""
    options = tuple(
        option if option.trajectory else replace(option, trajectory=roll_out(scene, option))
        for option in choice.options
    )
    return replace(choice, options=options)


def roll_out(scene: Scene, option: Option) -> Trajectory:
    """Where one option leads; exact to highway-env's own integration at `scene.sub_step`."""
    count = -int(-(HORIZON + GRID / 2) // scene.sub_step) + 1
    drive = _by_meta if isinstance(option.action, Meta) else _by_control
    states = drive(scene, option, count)
    return from_states([k * scene.sub_step for k in range(len(states))], states, SOURCE)


def _by_meta(scene: Scene, option: Option, count: int) -> list[State]:
    ego, road, action = scene.ego, scene.road, option.action.name
    state = control.state_of(ego)
    lane, route = control.followed_lane(road, road.lane(ego.target_lane), ego.route, *state[:2])
    lane = control.target_lane_after(road, lane, action, *state[:2])
    target = control.target_speed_after(ego, action)
    chassis, states = control.chassis_of(scene), [state]
    for _ in range(count):
        lane, route = control.followed_lane(road, lane, route, *state[:2])
        acceleration = control.acceleration_towards(state.speed, target)
        steering = control.steering_towards(lane, state, ego.length)
        state = control.moved(state, acceleration, steering, scene.sub_step, chassis)
        states.append(state)
    return states


def _by_control(scene: Scene, option: Option, count: int) -> list[State]:
    ego, road, route = scene.ego, scene.road, scene.ego.route
    state = control.state_of(ego)
    lane = road.lane(option.target_lane or road.closest(*state[:3]).id)
    acceleration, steering = option.action.acceleration, option.action.steering
    held, set_point = max(1, round(scene.period / scene.sub_step)), ego.target_speed
    chassis, states = control.chassis_of(scene), [state]
    for k in range(count):
        if k == held:  # a car that is controlled aims for the speed it has
            set_point = state.speed
        if k and k % held == 0:
            lane, route = control.followed_lane(road, lane, route, *state[:2])
            wanted = control.steering_towards(lane, state, ego.length)
            steering = control.clipped(wanted, scene.legal.steering)
            steady = control.acceleration_towards(state.speed, set_point)
            acceleration = control.clipped(steady, scene.legal.acceleration)
        state = control.moved(state, acceleration, steering, scene.sub_step, chassis)
        states.append(state)
    return states

"""How a world is laid out in memory: which row and column of its arrays holds what.

A world is one block of rows by slots: `f` float64 [FLOAT_ROWS, N] and `g` int32 [INT_ROWS, N], with a head of a few
integers. Slots 0..cars-1 are the cars in highway-env's `road.vehicles` order (which decides ties, and which push after a
collision survives); the solid objects follow. The frame is highway-env's own: y points down, angles run clockwise as drawn.
"""

from __future__ import annotations

import math
from collections import namedtuple

# --- rows of f

X = 0  # [m]
Y = 1  # [m]
HEADING = 2  # [rad]
SPEED = 3  # [m/s]
SLIP = 4  # sine of the slip angle at the centre of mass that the steering commands []
ACCELERATION = 5  # commanded [m/s2]
STEERING = 6  # front wheels [rad]; kept for PLAIN and BICYCLE only, others keep SLIP
TARGET_SPEED = 7  # [m/s]
TIMER = 8  # since the last decision about a lane change [s]
DELTA = 9  # exponent of the IDM []
IMPACT_X = 10  # pending push along x after a collision [m]
IMPACT_Y = 11  # the same along y [m]
LENGTH = 12  # [m]
WIDTH = 13  # [m]
DIAGONAL = 14  # [m]
LATERAL_SPEED = 15  # [m/s], BICYCLE only
YAW_RATE = 16  # [rad/s], BICYCLE only
FORCED = 17  # imposed acceleration [m/s2], NaN: none; a META car with one keeps the controls that it was given
GRIP = 18  # acceleration and braking stay within this [m/s2], inf: unlimited (highway-env has no such limit)
FLOAT_ROWS = 19

# --- rows of g

KIND = 0  # how the car is driven, see below
LANE = 1  # lane that the car is on
TARGET_LANE = 2  # lane that the car steers to
SPEED_INDEX = 3  # which of the ego's target speeds
ROUTE = 4  # row of the routes table, -1: none
ROUTE_AT = 5  # next entry of that row
DRIVER = 6  # row of the drivers table
CRASHED = 7
STRUCK = 8  # a push is pending
CHECKS = 9  # checks its own collisions
CHANGES = 10  # may change lane by its own decision
YIELDING = 11
YIELD_TIMER = 12
GHOST = 13  # the ego neither sees nor hits it
CAR = 14  # id, carried along
TOUCHED = 15  # the ego came closer to it than was wanted, or hit it; only ever set
INT_ROWS = 16

# --- kinds of car

EMPTY = 0
PLAIN = 1  # Vehicle: continuous control
BICYCLE = 2  # BicycleVehicle: continuous control, tyres slip
META = 3  # MDPVehicle: meta-actions
IDM = 4
LINEAR = 5  # LinearVehicle and its kin
OBSTACLE = 6  # a solid object

# --- columns of a world's head, int32

CARS = 0
SLOTS = 1  # cars and solid objects
EGO = 2  # slot of the ego, -1: none
TICKS = 3  # RegulatedRoad.steps
CRASH_STEP = 4  # sub-step of the ego's crash since the counter was reset, -1: none
SUBSTEPS = 5  # sub-steps driven since the counter was reset
HEAD = 6

# --- columns of the drivers table

ACC_MAX = 0  # [m/s2]
COMFORT_MAX = 1  # [m/s2]
COMFORT_MIN = 2  # [m/s2]
DISTANCE_WANTED = 3  # [m]
TIME_WANTED = 4  # [s]
POLITENESS = 5  # []
GAIN_MIN = 6  # [m/s2]
BRAKING_IMPOSED = 7  # [m/s2]
CHANGE_DELAY = 8  # [s]
SPEED_MIN = 9  # [m/s]
SPEED_MAX = 10  # [m/s]
GAP_SCALE = 11  # 2 sqrt(-COMFORT_MAX COMFORT_MIN) [m/s2]
ACC_1 = 12  # LinearVehicle's weights of the acceleration: of the target speed,
ACC_2 = 13  # of the speed of the car in front,
ACC_3 = 14  # and of the distance to it
STEER_1 = 15  # LinearVehicle's weights of the steering: of the heading,
STEER_2 = 16  # and of the lateral position
DRIVER_COLUMNS = 17

# --- columns of the lane tables: geometry (float64)

START_X = 0  # [m]
START_Y = 1  # [m]
DIR_X = 2  # unit vector along the lane []
DIR_Y = 3
LANE_LENGTH = 4  # [m]
LANE_WIDTH = 5  # [m]
LANE_HEADING = 6  # [rad]
AMPLITUDE = 7  # SINE [m]
PULSATION = 8  # SINE [rad/m]
PHASE = 9  # SINE [rad]
CENTER_X = 10  # CIRCULAR [m]
CENTER_Y = 11  # CIRCULAR [m]
RADIUS = 12  # CIRCULAR [m]
START_PHASE = 13  # CIRCULAR [rad]
TURN = 14  # CIRCULAR: 1 clockwise, -1 counter-clockwise
SPEED_LIMIT = 15  # [m/s], NaN: no limit
PRIORITY = 16  # the larger one goes first
LANE_COLUMNS = 17

# --- columns of the lane tables: facts (int32)

SHAPE = 0  # STRAIGHT, SINE or CIRCULAR
SEGMENT = 1  # row of the segments table
RANK = 2  # number within the segment
SIDE_COUNT = 3  # lanes of the segment
SIDE_FIRST = 4  # first lane of the segment
FORBIDDEN = 5
JOIN_FROM = 6  # the lanes joined to this one stand in joined[JOIN_FROM:JOIN_TO]
JOIN_TO = 7
LANE_FACTS = 8
STRAIGHT = 0
SINE = 1
CIRCULAR = 2

# --- columns of the segments table (int32); a segment is all lanes from one node to another

SEG_FIRST = 0  # its first lane
SEG_COUNT = 1  # how many lanes
SEG_FROM = 2  # node
SEG_TO = 3  # node
SEG_NEXT_FROM = 4  # the segments after it stand in next_segments[SEG_NEXT_FROM:SEG_NEXT_TO]
SEG_NEXT_TO = 5
SEG_FACTS = 6

# a road's tables: geometry [L, LANE_COLUMNS], facts [L, LANE_FACTS], segments [S, SEG_FACTS], next_segments, joined and
# offsets [m] by entry; connected: cars look into the next and previous lanes; regulated: right of way is enforced
Net = namedtuple("Net", "geometry facts segments next_segments joined offsets connected regulated")

# --- meta-actions

LANE_LEFT = 0
IDLE = 1
LANE_RIGHT = 2
FASTER = 3
SLOWER = 4
NONE = -1  # no action
STILL = -2  # the world is left as it is

# --- columns of the risks

GAP_AHEAD = 0  # [m]
TTC_AHEAD = 1  # [s]
GAP_BEHIND = 2  # [m]
TTC_BEHIND = 3  # [s]
FOLLOWER = 4  # commanded acceleration of the car behind [m/s2]
CLEARANCE = 5  # between the ego's shape and any other, along or across the ego [m]
RISKS = 6
PARTNERS = 12  # columns in all: behind each risk's place, the slot that it comes from

# --- margins that are wanted of the risks; a car that falls short of one is TOUCHED

AHEAD_TIME = 0  # to a collision ahead [s]
AHEAD_LEAST = 1  # gap ahead [m]
AHEAD_HEADWAY = 2  # gap ahead that is wanted on top, as time [s] at the ego's speed
BEHIND_TIME = 3  # to a collision from behind [s]
BEHIND_LEAST = 4  # gap behind [m]
IMPOSED = 5  # braking of the car behind [m/s2]
ASIDE = 6  # clearance [m]
WANTED = 7
PICK_UP = 5.0  # the ego may be this much faster on average than it is at the moment [m/s]
LOOK_AHEAD = 150.0  # [m]
LOOK_ASIDE = 12.0  # between centres [m]

# --- constants of highway-env

PI = math.pi
TWO_PI = 2 * math.pi
VEHICLE_LENGTH = 5.0  # AbstractLane.VEHICLE_LENGTH [m]
KP_A = 1 / 0.6  # ControlledVehicle [1/s]
KP_HEADING = 1 / 0.2  # ControlledVehicle [1/s]
KP_LATERAL = 1 / 0.6  # ControlledVehicle [1/s]
TAU_PURSUIT = 0.5 * 0.2  # ControlledVehicle [s]
STEERING_MAX = math.pi / 3  # [rad]
SLIP_MAX = math.sqrt(3.0 / 7.0)  # sine of the slip angle at the largest steering angle []
PREDICTIONS = 11  # RegulatedRoad looks at 0.25 .. 2.75 s
LOWEST = PREDICTIONS  # rows behind a car's predictions: the lowest x and y of them,
HIGHEST = PREDICTIONS + 1  # and the highest
MAX_YAW_RATE = 2 * math.pi  # [rad/s]

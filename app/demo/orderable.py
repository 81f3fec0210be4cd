"""What the demo hospital's doctors may order, as plain data: items with prices and words, sets, shelves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.demo.words import Words
from app.orders.rules import Category, Wanted

NOTHING = Words("", "")
HEAD_CT = "ct-head"
# Where nothing was ordered the cashier types this.
CONSULTATION_WON = 17_610


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """An item; `service`: whose step it needs. What to do for a service, the service says itself."""

    category: Category
    name: Words
    price_won: int
    service: str | None = None
    preparation: Words = NOTHING
    after_care: Words = NOTHING


@dataclass(frozen=True, slots=True)
class SetPlan:
    """Items that are ordered together."""

    name: Words
    items: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class ShelfPlan:
    """So many of an item at a place; the play fills it again up to that."""

    item: str
    place: str
    on_hand: int
    reorder_point: int


LAB, IMAGING, PROCEDURE = Category.LAB, Category.IMAGING, Category.PROCEDURE
MEDICATION, SUPPLY = Category.MEDICATION, Category.SUPPLY

AFTER_MEAL = Words(
    "식사 30분 뒤에 충분한 물과 함께 드세요.", "Take it 30 minutes after meals with plenty of water."
)
NO_ALCOHOL = Words(
    "복용하는 동안 술은 피해 주세요. 두드러기가 나면 복용을 멈추고 연락해 주세요.",
    "Please avoid alcohol while you take it. If you get hives, stop and call us.",
)
TO_THE_END = Words(
    "증상이 나아져도 처방받은 날까지 모두 드세요. 두드러기가 나면 복용을 멈추고 연락해 주세요.",
    "Take all of it, also when you feel better. If you get hives, stop and call us.",
)
FASTING = Words(
    "검사 전 8시간 이상 금식해 주세요. 물은 드셔도 됩니다.",
    "Please do not eat for 8 hours before; water is fine.",
)

ITEMS: Mapping[str, ItemPlan] = {
    "lab-cbc": ItemPlan(LAB, Words("일반혈액검사(CBC)", "Complete Blood Count"), 7_200, "blood"),
    "lab-glu": ItemPlan(LAB, Words("공복혈당", "Fasting Glucose"), 3_400, "blood", FASTING),
    "lab-hba1c": ItemPlan(LAB, Words("당화혈색소", "Haemoglobin A1c"), 9_800, "blood"),
    "lab-lft": ItemPlan(LAB, Words("간기능검사", "Liver Panel"), 12_600, "blood", FASTING),
    "lab-demo": ItemPlan(
        LAB, Words("기본 혈액검사(데모 채혈실)", "Basic Blood Panel (Demo Blood Draw)"), 15_000, "demo-blood"
    ),
    "xr-chest": ItemPlan(IMAGING, Words("흉부 X-ray", "Chest X-ray"), 11_500, "xray"),
    "xr-knee": ItemPlan(IMAGING, Words("무릎 X-ray", "Knee X-ray"), 14_200, "xray"),
    "us-abd": ItemPlan(IMAGING, Words("복부 초음파", "Abdominal Ultrasound"), 98_000, "ultrasound"),
    "dxa-demo": ItemPlan(
        IMAGING, Words("골밀도 검사(데모 영상실)", "Bone Density Scan (Demo Imaging)"), 42_000, "demo-imaging"
    ),
    # Taken at the apparatus beside the emergency room: no line of its own, a nurse brings the patient there.
    HEAD_CT: ItemPlan(IMAGING, Words("두부 CT(비조영)", "Head CT without Contrast"), 122_000),
    "ecg-12": ItemPlan(PROCEDURE, Words("12유도 심전도", "12-Lead ECG"), 8_900, "ecg"),
    "pro-dress": ItemPlan(
        PROCEDURE,
        Words("상처 소독", "Wound Dressing"),
        9_300,
        after_care=Words("오늘은 물이 닿지 않게 해 주세요.", "Keep it dry today."),
    ),
    "pro-im": ItemPlan(
        PROCEDURE,
        Words("근육주사", "Intramuscular Injection"),
        5_600,
        after_care=Words("주사 부위를 5분간 문질러 주세요.", "Rub the spot gently for 5 minutes."),
    ),
    "med-aap": ItemPlan(
        MEDICATION,
        Words("아세트아미노펜정 500mg", "Acetaminophen 500 mg Tablet"),
        70,
        preparation=AFTER_MEAL,
        after_care=NO_ALCOHOL,
    ),
    "med-amx": ItemPlan(
        MEDICATION,
        Words("아목시실린캡슐 500mg", "Amoxicillin 500 mg Capsule"),
        180,
        preparation=AFTER_MEAL,
        after_care=TO_THE_END,
    ),
    "med-ibu": ItemPlan(
        MEDICATION,
        Words("이부프로펜정 400mg", "Ibuprofen 400 mg Tablet"),
        110,
        preparation=AFTER_MEAL,
        after_care=NO_ALCOHOL,
    ),
    "med-alm": ItemPlan(
        MEDICATION,
        Words("알마게이트 현탁액", "Almagate Suspension"),
        320,
        preparation=Words("식사 1시간 뒤에 흔들어서 드세요.", "Shake it and take it one hour after meals."),
    ),
    "med-ioh": ItemPlan(
        MEDICATION,
        Words("이오헥솔 조영제 100mL", "Iohexol Contrast 100 mL"),
        38_000,
        preparation=Words(
            "조영제로 두드러기나 호흡 곤란이 있었으면 미리 말씀해 주세요.",
            "Tell us beforehand if contrast medium ever gave you hives or short breath.",
        ),
        after_care=Words("오늘은 물을 많이 드세요.", "Drink a lot of water today."),
    ),
    "sup-band": ItemPlan(SUPPLY, Words("압박붕대", "Elastic Bandage"), 2_500),
    "sup-knee": ItemPlan(
        SUPPLY,
        Words("무릎 보호대", "Knee Brace"),
        32_000,
        after_care=Words("주무실 때는 풀어 주세요.", "Take it off for the night."),
    ),
    "sup-dress": ItemPlan(SUPPLY, Words("소독 드레싱 키트", "Dressing Kit"), 4_800),
}
SETS: Mapping[str, SetPlan] = {
    "set-cold": SetPlan(
        Words("감기 3일분", "Cold, 3 days"),
        (Wanted("med-aap", 9), Wanted("med-amx", 9), Wanted("med-alm", 3)),
    ),
    "set-knee": SetPlan(
        Words("무릎 통증", "Knee pain"),
        (Wanted("xr-knee"), Wanted("med-ibu", 9), Wanted("sup-knee")),
    ),
    "set-check": SetPlan(
        Words("기본 혈액검사", "Basic blood tests"),
        (Wanted("lab-cbc"), Wanted("lab-glu"), Wanted("lab-lft")),
    ),
}
SHELVES = (
    ShelfPlan("med-aap", "PHARM-A1", 1_200, 200),
    ShelfPlan("med-amx", "PHARM-A2", 800, 150),
    ShelfPlan("med-ibu", "PHARM-A3", 900, 150),
    ShelfPlan("med-alm", "PHARM-B1", 400, 60),
    ShelfPlan("med-ioh", "PHARM-C1", 4, 10),
    ShelfPlan("sup-band", "STORE-1", 120, 20),
    ShelfPlan("sup-knee", "STORE-2", 60, 10),
    ShelfPlan("sup-dress", "STORE-3", 6, 15),
)
# What the day's doctors order, and how often: what needs no other room, and what sends a patient on.
Ordered = tuple[tuple[Wanted, ...], tuple[str, ...], int]
IN_PLAY: Mapping[str, Sequence[Ordered]] = {
    "internal": (
        ((), ("set-cold",), 4),
        ((Wanted("med-aap", 9), Wanted("pro-im")), (), 3),
        ((Wanted("med-alm", 6),), (), 2),
        ((Wanted("lab-cbc"), Wanted("lab-hba1c")), (), 1),
    ),
    "orthopaedics": (
        ((Wanted("med-ibu", 9), Wanted("sup-band", 2)), (), 4),
        ((Wanted("pro-dress"), Wanted("med-ibu", 6)), (), 2),
        ((), ("set-knee",), 1),
    ),
}

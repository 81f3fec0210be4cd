"""What the demo hospital tells patients before and after, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    ko: str
    en: str


CONSULTATION = (
    Words(
        "복용 중인 약이 있으면 약봉투나 처방전을 가져와 주세요. "
        "순서가 되면 휴대전화와 대기 안내판으로 알려 드립니다.",
        "Please bring your current medicines or their prescription. "
        "Your phone and the waiting board tell you when it is your turn.",
    ),
    Words(
        "다음 예약일과 처방 내용을 확인해 주세요. 처방전은 수납 후에 발급해 드립니다.",
        "Please check your next appointment and your prescription. The prescription is issued after payment.",
    ),
)
BLOOD = (
    Words(
        "검사 전 8시간 이상 금식해 주세요. 물은 조금 드셔도 됩니다. "
        "아스피린, 와파린 같은 항응고제를 드시고 있으면 채혈 전에 말씀해 주세요.",
        "Please do not eat for at least 8 hours before the test; a little water is fine. "
        "Tell us before the blood draw if you take aspirin, warfarin or another blood thinner.",
    ),
    Words(
        "채혈 부위는 문지르지 말고 5분 이상 눌러 주세요. 오늘은 채혈한 팔로 무거운 물건을 들지 말아 주세요.",
        "Press on the spot for at least 5 minutes without rubbing. "
        "Do not lift anything heavy with this arm today.",
    ),
)
IMAGING = (
    Words(
        "탈의실에서 검사복으로 갈아입고 목걸이, 시계 같은 금속은 빼 주세요. "
        "임신 중이거나 임신 가능성이 있으면 촬영 전에 꼭 말씀해 주세요.",
        "Please change into a gown and take off necklaces, watches and other metal. "
        "Be sure to tell us beforehand if you are or might be pregnant.",
    ),
    Words(
        "옷을 갈아입은 뒤 소지품을 확인해 주세요. 결과는 진료실에서 설명해 드립니다.",
        "Please check your belongings after dressing. Your doctor explains the result.",
    ),
)
ULTRASOUND = (
    Words(
        "복부 초음파는 검사 전 8시간 이상 금식해 주세요. 껌과 담배도 피해 주세요. "
        "골반 초음파는 소변을 참고 와 주세요.",
        "For an abdominal scan do not eat for at least 8 hours; no chewing gum, no smoking. "
        "For a pelvic scan please come with a full bladder.",
    ),
    Words(
        "검사 후 바로 식사하셔도 됩니다. 남은 젤은 휴지로 닦아 주세요.",
        "You may eat right after the scan. Please wipe off the remaining gel.",
    ),
)
ECG = (
    Words(
        "검사 전 5분 동안 앉아서 안정을 취해 주세요. 상의를 걷어 올리고 양말은 벗어 주세요.",
        "Please sit quietly for 5 minutes before the test, then lift your top and take off your socks.",
    ),
    Words(
        "일상생활을 바로 하셔도 됩니다. 가슴이 답답하거나 어지러우면 직원에게 말씀해 주세요.",
        "You may go about your day at once. Tell our staff if your chest feels tight or you feel dizzy.",
    ),
)

"""Shelves and catalogue over the API: what a count, a price and a set leave, and what two who edit are told."""

from tests.web.api.partner import records
from tests.web.api.pharmacy import ApiPharmacy
from tests.web.api.test_refusals import refused

ROWS = ("catalogue_item", "order_set", "order_set_item", "stock", "stock_movement", "idempotency_key")


def test_a_shelf_from_the_box_to_the_count(each_shop: ApiPharmacy) -> None:
    kate = each_shop.staff("kate")
    laid = kate.post("/stock/receive", {"item": "gauze", "location": "ward-2", "quantity": 20}, key="box")
    assert (laid.status_code, laid.json["on_hand"], laid.headers["ETag"]) == (200, 20, 'W/"2"'), laid.text
    again = kate.post("/stock/receive", {"item": "gauze", "location": "ward-2", "quantity": 20}, key="box")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (laid.json, "true")
    one = f"/stock/{laid.json['id']}"
    assert kate.post(f"{one}/issue", {"quantity": 3, "reason": "병동"}).json["on_hand"] == 17
    assert kate.post(f"{one}/adjust", {"difference": -2, "reason": "파손"}).json["on_hand"] == 15
    lack = kate.post(f"{one}/issue", {"quantity": 16, "reason": "병동"})
    items = refused(lack, 400, "INSUFFICIENT_STOCK")["items"]
    assert isinstance(items, list)
    assert (items[0]["wanted"], items[0]["available"]) == (16, 15)
    seen = kate.get(one)
    counted = {"counted": 14, "reason": "실사", "version": seen.json["version"]}
    assert kate.post(f"{one}/count", counted).json["on_hand"] == 14
    stale = refused(kate.post(f"{one}/count", counted), 409, "STALE_VERSION")
    assert (stale["on_hand"], stale["seen"], stale["version"]) == (
        14,
        counted["version"],
        counted["version"] + 1,
    )
    refused(kate.post(f"{one}/count", {"counted": 14, "reason": "실사"}), 428, "PRECONDITION_REQUIRED")
    point = kate.post(f"{one}/reorder-point", {"point": 14, "version": kate.get(one).json["version"]})
    assert point.status_code == 200
    low = kate.get("/stock?low=true").json
    assert [(shelf["item"], shelf["available"], shelf["is_low"]) for shelf in low["shelves"]] == [
        ("gauze", 14, True)
    ]
    happened = kate.get(f"{one}/movements?per_page=3").json
    assert [(move["kind"], move["quantity"]) for move in happened["movements"]] == [
        ("count", -1),
        ("adjust", -2),
        ("issue", 3),
    ]
    assert (happened["total"], happened["pages"]) == (4, 2)


def test_what_is_given_of_an_item_changes_and_what_was_ordered_keeps_its_price(
    shop: ApiPharmacy,
) -> None:
    kate, visit = shop.staff("kate"), shop.hospital.waiting("consult")
    item = kate.get("/catalogue?search=cbc").json["items"][0]
    one, placed = f"/catalogue/items/{item['id']}", shop.order(visit, "cbc").json
    dear = kate.patch(one, {"price_won": 9_000}, If_Match='W/"1"')
    assert (dear.status_code, dear.json) == (200, {**item, "version": 2, "price_won": 9_000})
    assert kate.patch(one, {"version": 2, "service_code": None}).json["service_code"] is None
    assert shop.staff("grace").get(f"/orders/{placed['id']}").json["lines"][0]["unit_price_won"] == 8_000
    before = records(ROWS)
    details = refused(kate.patch(one, {"version": 1, "price_won": 1}), 409, "STALE_VERSION")
    assert (details["version"], details["seen"]) == (3, 1)
    refused(kate.patch(one, {"price_won": 1}, If_Match='W/"1"'), 412, "PRECONDITION_FAILED")
    refused(kate.patch(one, {"price_won": 1}), 428, "PRECONDITION_REQUIRED")
    assert refused(kate.patch(one, {"version": 3, "category": "supply"}), 422, "INVALID")["why"] == "shelf"
    assert records(ROWS) == before


def test_a_set_is_ordered_by_its_name_and_edited_whole(shop: ApiPharmacy) -> None:
    kate = shop.staff("kate")
    body = {"code": "admission", "name_ko": "입원 검사", "name_en": "Admission", "items": [{"item": "cbc"}]}
    made = kate.post("/catalogue/sets", body, key="set")
    assert (made.status_code, made.headers["ETag"]) == (201, 'W/"1"')
    assert kate.post("/catalogue/sets", body, key="set").json == made.json
    assert refused(kate.post("/catalogue/sets", body), 422, "INVALID")["why"] == "taken"
    one = f"/catalogue/sets/{made.json['id']}"
    wider = kate.patch(one, {"items": [{"item": "cbc"}, {"item": "lft", "quantity": 2}]}, If_Match='W/"1"')
    assert (wider.json["name_ko"], len(wider.json["items"])) == ("입원 검사", 2)
    placed = shop.order(shop.hospital.waiting("consult"), sets=["admission"]).json
    assert {(line["item"], line["quantity"]) for line in placed["lines"]} == {("cbc", 1), ("lft", 2)}
    assert kate.get("/catalogue/sets?per_page=1").json["total"] == 1


def test_the_catalogue_is_searched_by_piece_and_category_and_paged(shop: ApiPharmacy) -> None:
    kate = shop.staff("kate")

    def codes(query: str) -> list[str]:
        return [item["code"] for item in kate.get(f"/catalogue?{query}").json["items"]]

    assert codes("search=혈액") == codes("search=BLOOD") == ["cbc"]
    assert codes("category=supply") == ["gauze", "syringe"]
    assert codes("category=supply&per_page=1&page=2") == ["syringe"]
    assert codes("category=supply&per_page=1&page=9") == []
    gauze = kate.get("/catalogue?search=gauze").json["items"][0]
    assert (
        kate.patch(f"/catalogue/items/{gauze['id']}", {"version": 1, "is_active": False}).status_code == 200
    )
    assert codes("category=supply") == ["syringe"]
    assert codes("category=supply&withdrawn=true") == ["gauze", "syringe"]
    order = shop.order(shop.hospital.waiting("consult"), "gauze")
    assert refused(order, 422, "INVALID")["why"] == "withdrawn"

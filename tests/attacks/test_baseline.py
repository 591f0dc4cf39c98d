"""What is right is let in: without that, no refusal of the attacks would mean anything."""

from tests.attacks.service import Target
from tests.entra_keys import TENANT


async def test_every_right_way_in_is_open(target: Target) -> None:
    assert (await target.knock(f"Bearer {target.good.token}")).status == 200
    assert (await target.knock(f"Bearer {await target.access()}")).status == 200
    await target.trust("entra")
    assert (await target.knock(f"Bearer {target.entra.token()}")).status == 200
    await target.trust("federated")
    answer = await target.show(target.entra.token())
    assert answer.status == 200
    assert (await target.knock(f"Bearer {answer.json['access_token']}")).status == 200
    assert target.entra.asked == [TENANT]

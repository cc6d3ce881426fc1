// The main pages against WCAG 2.2 AA with axe-core, light and dark, on a phone.
//
//   node access.mjs URL

import { Town } from "./town.mjs";

const town = await Town.open(process.argv[2]);
try {
  const { deal, place } = await town.deal();
  const { token } = await town.session("resident");
  const order = await town.api("POST", "/orders", { lines: [{ offer: deal.id, quantity: 1 }], pay: "test" }, token);
  const voucher = `/me/vouchers/${order.vouchers[0].id}`;
  const open = ["/", "/search", `/p/${place.slug}`, `/o/${deal.id}`, "/sign-in", "/sign-up", "/help"];
  const visits = [
    [null, open],
    ["resident", ["/me", "/me/vouchers", voucher, "/me/orders", `/me/orders/${order.id}`]],
    ["till", ["/till"]],
    ["owner", ["/desk"]],
  ];
  for (const colorScheme of ["light", "dark"]) {
    for (const [who, pages] of visits) {
      const person = await town.person(`${who ?? "guest"} (${colorScheme})`, { colorScheme });
      if (who) await person.signIn(who);
      for (const path of pages) {
        await person.go(path);
        await person.axe();
      }
    }
  }
} catch (error) {
  town.blame(error.stack ?? String(error));
}
await town.close();

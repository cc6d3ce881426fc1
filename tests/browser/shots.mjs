// Pictures of every page at 390 and 1280 pixels, light and dark, into a folder: to look at, and for the README.
//
//   node shots.mjs URL FOLDER [NAME]      NAME: only pages whose name contains it

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Town } from "./town.mjs";

const [url, folder, only = ""] = process.argv.slice(2);
const WIDTHS = { 390: 844, 1280: 900 };
const town = await Town.open(url);
await mkdir(folder, { recursive: true });

const { deal, place } = await town.deal();
const [resident, till] = await Promise.all(["resident", "till"].map((who) => town.session(who)));
const order = (pay) => town.api("POST", "/orders", { lines: [{ offer: deal.id, quantity: 1 }], pay }, resident.token);
const used = await order("test");
const valid = await order("test");
const unpaid = await order("till");
await town.api("POST", "/redemptions", { code: used.vouchers[0].code, place: place.id }, till.token);

// One person may hold only so many: the first checkout serves all pictures.
let kept = null;

const PAGES = {
  guest: {
    home: "/",
    search: "/search",
    "search-words": "/search?q=ramen",
    "search-chosen": "/search?category=cafe&category=bakery&diet=vegan",
    "search-none": "/search?q=zzzzzz",
    place: `/p/${place.slug}`,
    deal: `/o/${deal.id}`,
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    help: "/help",
    score: "/help/score",
    licences: "/help/licences",
    "not-found": "/nothing-here",
  },
  resident: {
    checkout: async (page) => {
      if (kept) return page.goto(kept);
      await page.goto(`/o/${deal.id}`);
      await page.click("#take button.go");
      await page.waitForURL(/checkout/);
      kept = page.url();
    },
    me: "/me",
    vouchers: "/me/vouchers",
    voucher: `/me/vouchers/${valid.vouchers[0].id}`,
    "voucher-unpaid": `/me/vouchers/${unpaid.vouchers[0].id}`,
    "voucher-used": `/me/vouchers/${used.vouchers[0].id}`,
    orders: "/me/orders",
    order: `/me/orders/${used.id}`,
    review: `/me/orders/${used.id}/review`,
  },
  till: {
    till: "/till",
    "till-no": (page) => redeem(page, used),
    "till-ask": (page) => redeem(page, unpaid),
  },
  owner: {
    desk: "/desk",
    ...Object.fromEntries(["Offers", "Orders", "Redeemed", "Reviews", "Money"].map((tab) => [
      `desk-${tab.toLowerCase()}`,
      async (page) => {
        await page.goto("/desk");
        await page.click(`nav.sub a:has-text("${tab}")`);
        await page.waitForSelector(`nav.sub a[aria-current]:has-text("${tab}")`);
      },
    ])),
    "desk-new-offer": async (page) => {
      await page.goto("/desk");
      await page.click("text=New offer");
      await page.waitForSelector("#title");
    },
  },
  operator: { console: "/console", settings: "/console/settings", merchants: "/console/merchants" },
};

async function redeem(page, { vouchers }) {
  await page.goto("/till");
  await page.fill("#code", vouchers[0].code);
  await page.click("button:has-text('Check')");
  await page.waitForSelector(".verdict");
}

for (const [width, height] of Object.entries(WIDTHS)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [who, pages] of Object.entries(PAGES)) {
      const wanted = Object.entries(pages).filter(([name]) => name.includes(only));
      if (!wanted.length) continue;
      const looks = { baseURL: url, colorScheme, reducedMotion: "reduce", viewport: { width: Number(width), height } };
      const page = await (await town.browser.newContext(looks)).newPage();
      if (who !== "guest") await enter(page, who);
      for (const [name, way] of wanted) {
        try {
          await (typeof way === "string" ? page.goto(way) : way(page));
          await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        } catch (error) {
          town.blame(`${name}: ${error.message.split("\n")[0]}`);
        }
      }
    }
  }
}
await town.close();

async function enter(page, who) {
  await page.goto("/sign-in");
  await page.fill("#email", `${who}@demo.example`);
  await page.fill("#password", "demo-demo-demo");
  await page.click("main button.go");
  await page.waitForURL((now) => !now.pathname.includes("sign-in"));
}

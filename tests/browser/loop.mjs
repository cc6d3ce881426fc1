// The five steps in a browser, on a phone: a resident finds a place, takes up its deal, pays, shows the voucher; the
// till redeems it; the resident reviews; the owner sees every row of it.
//
//   node loop.mjs URL script|no-script

import { Town } from "./town.mjs";

const [url, mode] = process.argv.slice(2);
const hasScript = mode === "script";
const who = hasScript ? "resident" : "resident2";
const words = `Warm bread, kind people, quick (${mode}, ${Date.now()}).`;
const town = await Town.open(url);

try {
  const { deal, place } = await town.deal();
  const browser = { javaScriptEnabled: hasScript };
  const resident = await town.person("resident", browser);
  await resident.signIn(who);
  await find(resident, place, deal);
  const voucher = await take(resident);
  const code = await show(resident, deal);
  const till = await town.person("till", browser);
  await till.signIn("till");
  await redeem(till, code, deal);
  await refuseTwice(till, code);
  await review(resident, voucher, place);
  const owner = await town.person("owner", browser);
  await owner.signIn("owner");
  await trace(owner, deal, code);
} catch (error) {
  town.blame(error.stack ?? String(error));
}
await town.close();

/** From the home page by words to the place, and to its deal. */
async function find(resident, place, deal) {
  const { page } = resident;
  await resident.go("/");
  await resident.tabTo("input[name=q]");
  await page.fill("main input[name=q]", place.name);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/search\?/);
  await resident.look();
  await resident.follow(page.locator(`article.card h3 a[href="/p/${place.slug}"]`));
  resident.demand((await page.innerText("h1")) === place.name, `the card leads to another place than ${place.name}`);
  const row = page.locator("#deals article", { hasText: deal.title }).first();
  await resident.follow(row.locator("h3 a"));
  resident.demand((await page.innerText("h1")) === deal.title, "the deal's page has another title");
}

/** From the deal over the checkout to the voucher; gives its path. */
async function take(resident) {
  const { page } = resident;
  await resident.tabTo("#take button.go");
  await resident.follow(page.locator("#take button.go"));
  resident.demand(/\/checkout$/.test(page.url()), "taking a deal does not lead to the checkout");
  await page.locator("input[name=pay][value=test]").check();
  await resident.tabTo("main form button.go");
  await resident.follow(page.locator("main form button.go"));
  if (!page.url().includes("/me/vouchers/")) await resident.follow(page.locator("article.stub h3 a").first());
  return new URL(page.url()).pathname;
}

/** The voucher as the till sees it; gives its code. */
async function show(resident, deal) {
  const { page } = resident;
  resident.demand((await page.innerText("h1")) === deal.title, "the voucher is for something else");
  const qr = await page.locator(".ticket .qr svg").boundingBox();
  resident.demand(qr && qr.width >= 180 && Math.abs(qr.width - qr.height) < 2, `the QR code is ${qr?.width} px wide`);
  const code = (await page.innerText(".ticket .code")).trim();
  resident.demand(/^[0-9A-Z]{4}(-[0-9A-Z]{1,4}){3}$/.test(code), `no code: ${code}`);
  resident.demand(!page.url().includes(code), "the code is in the URL");
  resident.demand((await page.innerText(".ticket .state")) === "Valid", "the voucher is not valid");
  return code;
}

/** Types the code as people do: small letters, no dashes. */
async function type(till, code) {
  const { page } = till;
  await till.go("/till");
  await page.fill("#code", code.toLowerCase().replaceAll("-", " "));
  await till.tabTo("form[data-till] button.go");
  await page.locator("form[data-till] button.go", { hasText: "Check" }).click();
  await page.waitForSelector(".verdict");
  await till.look();
  till.demand(!page.url().includes(code.slice(0, 4)), "the code is in the URL");
}

async function redeem(till, code, deal) {
  const { page } = till;
  await type(till, code);
  till.demand((await page.locator(".verdict.yes").count()) === 1, `not green: ${await page.innerText(".verdict")}`);
  const verdict = await page.innerText(".verdict");
  till.demand(verdict.includes(deal.title), "the till does not say for what");
  till.demand(verdict.includes(`Ends in ${code.slice(-5)}`), "the till does not say which code");
  const green = await page.locator(".verdict").boundingBox();
  till.demand(green.width >= 380 && green.height >= 800, "the answer does not fill the screen");
}

async function refuseTwice(till, code) {
  till.awaited = 409;
  await type(till, code);
  till.demand((await till.page.locator(".verdict.no").count()) === 1, "a used voucher is not refused in red");
}

/** From the used voucher to a review that stands at the place. */
async function review(resident, voucher, place) {
  const { page } = resident;
  await resident.go(voucher);
  resident.demand((await page.innerText(".ticket .state")) === "Used", "the voucher does not say that it is used");
  resident.demand((await page.locator(".ticket .qr").count()) === 0, "a used voucher still shows its code");
  // The voucher leads to its order, and that to the form.
  await resident.follow(page.locator("main a", { hasText: "Write a review" }).first());
  if (!page.url().endsWith("/review")) await resident.follow(page.locator("main a", { hasText: "Write a review" }));
  await page.locator(".rate label").nth(3).click();
  await page.fill("#text", words);
  await resident.tabTo("main form button.go");
  await resident.follow(page.locator("main form button.go"));
  await resident.go(`/p/${place.slug}`);
  const own = page.locator("#reviews article.review", { hasText: words });
  resident.demand((await own.count()) === 1, "the review does not stand at the place");
  resident.demand((await own.locator(".five").getAttribute("aria-label")) === "4 of 5 stars", "the stars are others");
}

/** The desk: the order, the redemption, the review, and the ledger's rows behind the redemption. */
async function trace(owner, deal, code) {
  const { page } = owner;
  const tab = (name) => page.locator("nav.sub a", { hasText: name });
  const row = page.locator("tbody tr", { hasText: deal.title }).first();
  await owner.go("/desk");
  await owner.follow(tab("Orders"));
  owner.demand(await row.isVisible(), "the desk shows no order");
  await owner.follow(tab("Reviews"));
  owner.demand(await page.locator("article.review", { hasText: words }).isVisible(), "the desk shows no review");
  await owner.follow(tab("Redeemed"));
  const used = page.locator("tbody tr", { hasText: `ends in ${code.slice(-5)}` }).first();
  owner.demand(await used.isVisible(), "the desk shows no redemption");
  await owner.follow(used.locator("a", { hasText: "Ledger" }));
  owner.demand((await page.locator("tbody.group tr").count()) >= 2, "no ledger rows stand behind the redemption");
}

// What the browser tests stand on: Debian's Chromium, people with a browser each, and what is held against every page
// that they see. Nothing here knows the order of the walk.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const PASSWORD = "demo-demo-demo";
export const PHONE = { width: 390, height: 844 };
const NARROWEST = { width: 320, height: 700 };
const WAIT_MS = 20_000;
// Rules of WCAG 2.2 A and AA; best practices are a matter of taste.
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** A running demo, a browser, and the list of what is wrong. */
export class Town {
  static async open(url) {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
    return new Town(url, browser);
  }

  constructor(url, browser) {
    Object.assign(this, { url, browser, origin: new URL(url).origin, problems: [] });
  }

  /** Somebody with a browser of their own. */
  async person(name, options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, viewport: PHONE, locale: "en-GB", ...options });
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    const person = new Person(this, name, page);
    person.watch();
    return person;
  }

  blame(what) {
    if (!this.problems.includes(what)) this.problems.push(what);
  }

  /** Ends the run: one line a problem, exit 1 if there is one. */
  async close() {
    await this.browser.close();
    this.problems.forEach((problem) => console.error(`- ${problem}`));
    process.exitCode = this.problems.length ? 1 : 0;
  }

  /** A JSON call outside of any browser, to set the stage; `token` is of a session. */
  async api(method, path, body, token) {
    const headers = { "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
    if (token) headers.authorization = `Bearer ${token}`;
    const answer = await fetch(`${this.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
    return json;
  }

  async session(who) {
    return this.api("POST", "/sessions", { email: `${who}@demo.example`, password: PASSWORD });
  }

  /** A deal that is on sale and usable at any hour, at a place where till@demo.example works: { deal, place }. */
  async deal() {
    const { user } = await this.session("till");
    const lists = user.roles.flatMap((role) => role.places).map((id) => this.api("GET", `/offers?place=${id}`));
    const offers = (await Promise.all(lists)).flatMap((list) => list.items);
    const good = offers.filter((offer) => offer.state === "on-sale" && !offer.use.hours && !offer.needs_booking);
    const [deal] = good.sort((one, other) => other.left - one.left);
    if (!deal) throw new Error("no deal is on sale where till@demo.example works");
    return { deal, place: await this.api("GET", `/places/${deal.place}`) };
  }
}

/** One person before one browser window. */
class Person {
  constructor(town, name, page) {
    // `awaited` is the status of a refusal that is asked for: Chromium counts it as an error.
    Object.assign(this, { town, name, page, awaited: null });
  }

  watch() {
    const { page, town } = this;
    const blame = (what) => town.blame(`${this.name}, ${new URL(page.url(), town.url).pathname}: ${what}`);
    // Chromium reports breaches of the content security policy here as well.
    page.on("console", (message) => {
      const isExpected = this.awaited && message.text().includes(`status of ${this.awaited}`);
      if (message.type() === "error" && !isExpected) blame(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => blame(`script: ${error.message}`));
    page.on("request", (request) => new URL(request.url()).origin === town.origin || blame(`asks for ${request.url()}`));
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") blame(`${request.url()} fails: ${why}`);
    });
  }

  demand(holds, what) {
    if (!holds) this.town.blame(`${this.name}, ${new URL(this.page.url()).pathname}: ${what}`);
  }

  async go(path) {
    await this.page.goto(path);
    await this.look();
  }

  /** Clicks what leads to another page, and looks at that. */
  async follow(locator) {
    const loaded = this.page.waitForEvent("domcontentloaded");
    await Promise.all([loaded, locator.click()]);
    await this.page.waitForLoadState("load");
    await this.look();
  }

  /** What must hold on every page. */
  async look() {
    const { page } = this;
    await page.setViewportSize(NARROWEST);
    const wide = await page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room) return null;
      const over = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > room + 1);
      return over.slice(0, 3).map((one) => `<${one.localName} class="${one.getAttribute("class") ?? ""}">`).join(", ") || "something";
    });
    this.demand(!wide, `wider than ${NARROWEST.width} px: ${wide}`);
    await page.setViewportSize(PHONE);
    this.demand((await page.locator("h1").count()) === 1, "not exactly one h1");
    this.demand((await page.title()).trim() !== "", "no title");
  }

  /** Reaches what the selector names with the Tab key alone. */
  async tabTo(selector, most = 60) {
    const { page } = this;
    await page.evaluate(() => document.activeElement?.blur());
    for (let n = 0; n < most; n++) {
      await page.keyboard.press("Tab");
      const found = await page.evaluate((wanted) => {
        const one = document.activeElement;
        // A search box shows the focus as a whole.
        const shows = (what) => what && getComputedStyle(what).outlineStyle !== "none";
        return one?.matches(wanted) && (shows(one) || shows(one.parentElement) ? "seen" : "unseen");
      }, selector);
      if (found) return this.demand(found === "seen", `the focus on ${selector} can't be seen`);
    }
    this.demand(false, `${selector} can't be reached with ${most} tabs`);
  }

  /** Holds the page against WCAG 2.2 AA, as far as a program can. */
  async axe() {
    const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    // The whole page at once: what lies under the fixed tabs until one scrolls is not too small.
    const height = await this.page.evaluate(() => document.documentElement.scrollHeight);
    await this.page.setViewportSize({ width: PHONE.width, height: Math.max(height, PHONE.height) + 100 });
    await this.page.evaluate(source);
    const found = await this.page.evaluate(async (tags) => {
      const { violations } = await window.axe.run(document, { runOnly: tags, preload: false });
      return violations.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html.slice(0, 160)}`));
    }, AXE_TAGS);
    await this.page.setViewportSize(PHONE);
    found.forEach((violation) => this.demand(false, `axe: ${violation}`));
  }

  async signIn(who) {
    await this.go("/sign-in");
    await this.page.fill("#email", `${who}@demo.example`);
    await this.page.fill("#password", PASSWORD);
    await this.tabTo("main button.go");
    await this.follow(this.page.locator("main button.go"));
    this.demand(!this.page.url().includes("/sign-in"), "the demo's password does not let them in");
  }
}

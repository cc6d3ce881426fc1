#!/usr/bin/env node
// Makes assets/icons/sprite.svg and the icons' licence texts from pinned npm packages. Run it by hand after changing a
// list below; the result is committed, so that no build needs node or the network. It draws no icon of its own.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const lucide = {
  spec: "lucide-static@1.62.0",
  sha256: "386f9080c440d6f5049cefe3456ae8357f7a0c7f76e59670cd1cb83bc7050a44",
  licence: ["LICENSE", "lucide.txt"],
  prefix: "",
  names: `accessibility arrow-left badge-check banknote book-open calendar camera check chevron-down chevron-left
    chevron-right circle-check circle-question-mark circle-x clock copy eye file-text globe hourglass house info list-filter
    locate-fixed lock log-in log-out mail map-pin message-square navigation pause pencil percent phone play plus printer qr-code
    receipt refresh-cw reply scale scan-line search settings shield star store tag ticket timer triangle-alert undo-2 user
    user-plus users utensils wallet x`,
};

// Names as in the id-tagging-schema's `icon` fields: "maki-cafe".
const maki = {
  spec: "@mapbox/maki@8.2.0",
  sha256: "f6e59156521117c311c0e73a6aeef8d5039daea9c7fbe1ff9264e18a3ebec87f",
  licence: ["LICENSE.txt", "maki.txt"],
  prefix: "maki-",
  names: `alcohol-shop amusement-park animal-shelter art-gallery attraction bakery bank bar beer bicycle bicycle-share
    bowling-alley building bus cafe campsite car car-rental car-repair castle cemetery charging-station cinema
    clothing-store college commercial confectionery convenience dentist doctor dog-park embassy fast-food ferry
    fire-station fitness-centre florist fuel furniture gaming garden garden-centre gift globe grocery hairdresser harbor
    hardware home horse-riding hospital hot-spring ice-cream industry information jewelry-store karaoke laundry library
    lodging marker mobile-phone monument museum music nightclub optician paint park parking pharmacy pitch
    place-of-worship playground police post rail religious-buddhist religious-christian religious-jewish
    religious-muslim restaurant restaurant-bbq restaurant-noodle restaurant-pizza restaurant-seafood restaurant-sushi
    school scooter shoe shop skateboard soccer stadium star suitcase swimming table-tennis taxi teahouse telephone
    tennis theatre toilet town-hall veterinary viewpoint volleyball warehouse watch zoo`,
};

const sprite = [...symbols(lucide), ...symbols(maki)].join("\n");
write("assets/icons/sprite.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${sprite}\n</svg>\n`);

// The symbols of one package, after its archive's hash is found right; its licence is written beside the others.
function symbols(from) {
  const folder = mkdtempSync(join(tmpdir(), "highstreet-icons-"));
  try {
    const packed = execFileSync("npm", ["pack", "--silent", from.spec], { cwd: folder, encoding: "utf8" });
    const archive = join(folder, packed.trim().split("\n").pop());
    const sha256 = createHash("sha256").update(readFileSync(archive)).digest("hex");
    if (sha256 !== from.sha256) throw new Error(`${from.spec}: SHA-256 is ${sha256}, expected ${from.sha256}`);
    execFileSync("tar", ["xzf", archive, "-C", folder]);
    const [source, target] = from.licence;
    const licence = readFileSync(join(folder, "package", source), "utf8");
    write(`assets/licences/${target}`, `${from.spec}\n\n${licence.trim()}\n`);
    const names = from.names.split(/\s+/);
    return names.map((name) => symbol(from, name, readFileSync(join(folder, "package/icons", `${name}.svg`), "utf8")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Lucide strokes in a box of 24, Maki fills in a box of 15; both take the colour of the text around them. Lucide's
// `fill="none"` is left to the stylesheet, so that a star can be filled where it counts.
function symbol(from, name, svg) {
  const inner = svg
    .replace(/<!--.*?-->|<\?xml.*?\?>|<title>.*?<\/title>/gs, "")
    .replace(/^\s*<svg[^>]*>|<\/svg>\s*$/gs, "")
    .replace(/(&#xA;|&#x9;|\s)+/g, " ")
    .replace(/"[^"]*"/g, rounded)
    .replace(/> </g, "><")
    .replace(/ \/>/g, "/>")
    .replace(/ id="[^"]*"/g, "")
    .trim();
  const look = from === lucide
    ? `viewBox="0 0 24 24" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"`
    : `viewBox="0 0 15 15" fill="currentColor"`;
  return `<symbol id="${from.prefix}${name}" ${look}>${inner}</symbol>`;
}

// To two decimals. Not where there are arcs: their flags may run into the number behind them, as in `a2 2 0 001.999 2`.
// Nor where a number has no digit before its point, since it may run into the one before: `.001.002`.
function rounded(value) {
  if (/[aA]/.test(value)) return value;
  return value.replace(/(?<![\d.])\d+\.\d{3,}(?![\d.])/g, (number) => String(Number(Number(number).toFixed(2))));
}

function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

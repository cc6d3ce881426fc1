// Makes assets/categories.json from the pinned tagging schema of OpenStreetMap's iD editor and the hand-written
// categories.overlay.json beside this file. Run: node packaging/vendor/categories.mjs [TARBALL]
// Ids and slugs of the file that is there already are kept, so that stored places and URLs stay right.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "@openstreetmap/id-tagging-schema@7.2.0";
const SHA256 = "5c95a50a232a699778e821b19b8c4b92f1719193ffb9069a88545ed9dff55b6b";
const LANGUAGES = ["en-GB", "de", "fi", "sv", "fr", "es", "zh-CN"];
const OVERLAY_LANGUAGES = ["en", "de", "fi", "sv", "fr", "es", "zh"];
const ENGLISH = 0;
const MAX_TERMS = 12;
const MAX_TERM_LENGTH = 32;
const MAX_NAME_LENGTH = 38;
// A word that so many categories of one language list says nothing ("lunch", "store").
const TOO_COMMON = 10;
// The keys that say what a place is; the others only refine.
const MAIN_KEYS = `amenity shop craft office tourism leisure healthcare club public_transport railway aeroway education
  diplomatic`.split(/\s+/);

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const target = join(root, "assets", "categories.json");
const overlay = JSON.parse(readFileSync(join(here, "categories.overlay.json"), "utf8"));
const schema = unpack(process.argv[2] ?? fetchPackage());
const presets = readJson("dist/presets.json");
const translations = LANGUAGES.map(translation);
const american = translation("en");

const spriteFile = readFileSync(join(root, "assets", "icons", "sprite.svg"), "utf8");
const sprite = new Set([...spriteFile.matchAll(/symbol id="([^"]+)"/g)].map((found) => found[1]));
const parents = new Map();
const kept = keptPresets();
const counts = LANGUAGES.map(countTerms);
const rows = [...families(), ...categories()];
dropSharedAlternatives(rows);
giveIds(rows);
writeFileSync(target, render(rows));
writeFileSync(join(root, "assets", "licences", "id-tagging-schema.txt"), readFileSync(join(schema, "LICENSE.md")));
console.log(`${rows.length} categories, ${readFileSync(target).length} bytes`);

function fetchPackage() {
  const folder = mkdtempSync(join(tmpdir(), "schema-"));
  const out = execFileSync("npm", ["pack", PACKAGE, "--silent", "--pack-destination", folder], { encoding: "utf8" });
  return join(folder, out.trim().split("\n").at(-1));
}

function unpack(tarball) {
  const found = createHash("sha256").update(readFileSync(tarball)).digest("hex");
  if (found !== SHA256) throw new Error(`${tarball} has SHA-256 ${found}, not ${SHA256}`);
  const folder = mkdtempSync(join(tmpdir(), "schema-"));
  execFileSync("tar", ["xzf", tarball, "-C", folder]);
  return join(folder, "package");
}

function readJson(path) {
  return JSON.parse(readFileSync(join(schema, path), "utf8"));
}

/** British English falls back to American. */
function translation(tag) {
  const found = readJson(`dist/translations/${tag}.json`)[tag].presets.presets;
  if (tag !== "en-GB") return found;
  const base = readJson("dist/translations/en.json").en.presets.presets;
  return Object.fromEntries(Object.entries(base).map(([id, words]) => [id, { ...words, ...found[id] }]));
}

function countTerms(_, at) {
  const found = new Map();
  for (const id of kept.keys()) {
    for (const word of new Set(list(translations[at][id]?.terms).map(fold))) found.set(word, (found.get(word) ?? 0) + 1);
  }
  return found;
}

function matches(pattern, id) {
  return pattern.endsWith("*") ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
}

/** Preset id -> family slug, for the presets that some family takes; the longest pattern wins. */
function keptPresets() {
  const found = new Map();
  for (const id of Object.keys(presets).sort()) {
    const preset = presets[id];
    const local = /[-_][A-Z]{2}(-[A-Z]{2})?$/.test(id) || preset.locationSet?.include;
    if (preset.searchable === false || local) continue;
    if (overlay.leaves_out.presets.some((pattern) => matches(pattern, id))) continue;
    let best = null;
    for (const family of overlay.families) {
      for (const pattern of family.takes) {
        const exact = pattern.endsWith("*") ? 0 : 1000;
        if (matches(pattern, id) && (!best || pattern.length + exact > best.weight)) {
          best = { family: family.slug, weight: pattern.length + exact };
        }
      }
    }
    if (best) found.set(id, best.family);
  }
  return found;
}

function families() {
  return overlay.families.map((family) => ({
    key: `family:${family.slug}`,
    wishes: family.slug,
    parentKey: null,
    tags: [],
    icon: family.icon,
    hue: family.hue,
    names: family.names,
    terms: LANGUAGES.map(() => []),
  }));
}

function categories() {
  const allNames = LANGUAGES.map((_, at) => new Map());
  for (const id of kept.keys()) {
    translations.forEach((_, at) => {
      const words = [name(id, at), ...list(translations[at][id]?.aliases)];
      for (const word of words) if (word) allNames[at].set(fold(word), id);
    });
  }
  return [...kept.keys()].map((id) => ({
    key: identity(presets[id].tags),
    wishes: slugOf(name(id, 0)),
    fallbackSlug: slugOf(id.split("/").slice(-2).join(" ")),
    parentKey: parentOf(id) ? identity(presets[parentOf(id)].tags) : `family:${kept.get(id)}`,
    tags: tagSets(id),
    icon: iconOf(id),
    names: LANGUAGES.map((_, at) => name(id, at) ?? ""),
    terms: LANGUAGES.map((_, at) => terms(id, at, allNames[at])),
  }));
}

function identity(tags) {
  return Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(" ");
}

/** The kept preset of the same family that this one refines. */
function parentOf(id) {
  if (!parents.has(id)) parents.set(id, findParent(id));
  return parents.get(id);
}

function findParent(id) {
  const tags = presets[id].tags;
  let best = null;
  for (const [other, family] of kept) {
    const theirs = Object.entries(presets[other].tags);
    const refines = theirs.length < Object.keys(tags).length && theirs.every(([key, value]) => tags[key] === value);
    const isCloser = !best || theirs.length > Object.keys(presets[best].tags).length;
    if (refines && family === kept.get(id) && isCloser) best = other;
  }
  return best;
}

/** The ways in which the place may be tagged: the preset's own tags, those that the editor adds, the overlay's. */
function tagSets(id) {
  const own = presets[id].tags;
  const sets = [mainFirst(own)];
  const isNew = ([key, value]) => !(MAIN_KEYS.includes(key) && own[key] === value) && value !== "yes";
  const added = Object.entries(presets[id].addTags ?? {}).filter(isNew);
  if (added.some(([key, value]) => MAIN_KEYS.includes(key) && value !== "*")) {
    const main = added.find(([key]) => MAIN_KEYS.includes(key));
    sets.push(mainFirst(Object.fromEntries([main, ...added.filter(([key]) => !MAIN_KEYS.includes(key))])));
  }
  for (const extra of overlay.tags[id]?.tags ?? []) sets.push(mainFirst(extra));
  return [...new Set(sets)];
}

/** A way of tagging that the editor adds to several presets tells nothing, unless the overlay gives it to one. */
function dropSharedAlternatives(rows) {
  const given = new Map();
  for (const [id, { tags }] of Object.entries(overlay.tags)) {
    for (const set of tags) given.set(mainFirst(set), identity(presets[id].tags));
  }
  const owners = new Map();
  for (const row of rows) for (const set of row.tags) owners.set(set, [...(owners.get(set) ?? []), row.key]);
  for (const row of rows) {
    row.tags = row.tags.filter((set, at) => at === 0 || (given.has(set) ? given.get(set) === row.key : isOnly(set)));
  }

  function isOnly(set) {
    if (owners.get(set).length > 1) console.log(`shared, dropped: ${set} (${owners.get(set).join(", ")})`);
    return owners.get(set).length === 1;
  }
}

function mainFirst(tags) {
  const rank = ([key]) => (MAIN_KEYS.includes(key) ? 0 : 1);
  return Object.entries(tags).sort((a, b) => rank(a) - rank(b)).map(([key, value]) => `${key}=${value}`).join(" ");
}

/** The overlay's or the schema's icon if the sprite has it, else the parent's, else the family's. */
function iconOf(id) {
  const own = [overlay.icons[id], presets[id].icon].find((icon) => sprite.has(icon));
  if (own) return own;
  return parentOf(id) ? iconOf(parentOf(id)) : overlay.families.find((family) => family.slug === kept.get(id)).icon;
}

function name(id, at) {
  const found = overlay.names[id]?.names[at];
  if (found !== undefined && found !== null) return found;
  const given = translations[at][id]?.name ?? "";
  const short = given.length > MAX_NAME_LENGTH ? given.split(/ \/ | \(|, /)[0] : given;
  return at === ENGLISH ? sentenceCase(short) : short;
}

/** "Sushi Restaurant" -> "Sushi restaurant"; names of peoples and acronyms keep their capitals. */
function sentenceCase(text) {
  const keeps = (word) => /[A-Z][A-Z]/.test(word) || overlay.proper.words.includes(word);
  const lower = (word, at) => (at === 0 ? word[0] + word.slice(1).toLowerCase() : word.toLowerCase());
  return text.split(" ").map((word, at) => (keeps(word) ? word : lower(word, at))).join(" ");
}

function list(words) {
  if (!words) return [];
  return [words].flat().flatMap((text) => text.split(/[,，、;\n]/)).map((word) => word.trim());
}

function fold(word) {
  return word.toLocaleLowerCase("en").normalize("NFC");
}

/** Aliases and search terms, without the boilerplate that the schema repeats from a parent, and without words that
 * are the name of another category ("bar" is listed as a term of Restaurant). */
function terms(id, at, allNames) {
  const parent = parentOf(id);
  const inherited = new Set(parent ? list(translations[at][parent]?.terms).map(fold) : []);
  const aliases = [...list(translations[at][id]?.aliases), ...(at === ENGLISH ? [american[id].name] : [])];
  const isCommon = (word) => counts[at].get(fold(word)) >= TOO_COMMON || siblings(id, at, word) >= 3;
  const dull = (word) => inherited.has(fold(word)) || isCommon(word);
  const added = overlay.terms[id]?.terms[OVERLAY_LANGUAGES[at]] ?? [];
  const isOwn = (word) => (allNames.get(fold(word)) ?? id) === id;
  const own = list(translations[at][id]?.terms).filter((word) => !dull(word) && isOwn(word));
  const seen = new Set([fold(name(id, at) ?? ""), ""]);
  const fits = (word) => word.length <= MAX_TERM_LENGTH && !seen.has(fold(word)) && seen.add(fold(word));
  if (overlay.drops[id]?.languages.includes(OVERLAY_LANGUAGES[at])) own.length = 0;
  return [...added, ...aliases, ...own].filter(fits).slice(0, MAX_TERMS);
}

/** How many presets that refine the same one list the word too. */
function siblings(id, at, word) {
  const parent = parentOf(id);
  if (!parent) return 0;
  const lists = (other) => list(translations[at][other]?.terms).some((term) => fold(term) === fold(word));
  return [...kept.keys()].filter((other) => parentOf(other) === parent && lists(other)).length;
}

function slugOf(text) {
  const plain = text.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
  return plain.replace(/&/g, " and ").replace(/'/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

function giveIds(rows) {
  const before = existsSync(target) ? JSON.parse(readFileSync(target, "utf8")) : [];
  const known = new Map(before.map((row) => [row.key, row]));
  const slugs = new Set(before.map((row) => row.slug));
  let next = Math.max(0, ...before.map((row) => row.id)) + 1;
  for (const row of rows) {
    const old = known.get(row.key);
    row.id = old?.id ?? next++;
    const wishes = [row.wishes, row.fallbackSlug, `${row.wishes}-${row.id}`];
    row.slug = old?.slug ?? wishes.find((slug) => slug && !slugs.has(slug));
    slugs.add(row.slug);
  }
  const gone = before.filter((row) => !rows.some((now) => now.key === row.key));
  const names = gone.map((row) => row.slug).join(", ");
  if (gone.length > 0) throw new Error(`categories would vanish, though places may be in them: ${names}`);
  const ids = new Map(rows.map((row) => [row.key, row.id]));
  for (const row of rows) row.parent = row.parentKey === null ? 0 : ids.get(row.parentKey);
  rows.sort((a, b) => a.id - b.id);
}

function render(rows) {
  const lines = rows.map(({ id, key, slug, parent, tags, icon, hue, names, terms }) =>
    JSON.stringify({ id, key, slug, parent, tags, icon, hue, names, terms: terms.map((words) => words.join(",")) }));
  return `[\n${lines.join(",\n")}\n]\n`;
}

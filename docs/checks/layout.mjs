// Opens every page of a built site in Chromium, at three widths and in both colour modes.
//
//   node docs/checks/layout.mjs FOLDER [--pictures FOLDER] [--only REGULAR_EXPRESSION]
//
// FOLDER is what `sphinx-build -b html` wrote. It needs `npm install playwright-core`, in
// a folder named by PLAYWRIGHT_FOLDER if it is not this one, and a Chromium, named by
// CHROMIUM if it is not /usr/bin/chromium. It fails if anything is wider than the page or
// cut off, a picture is broken, a formula is not rendered, text has too little contrast,
// the console has an error, or anything is asked for from another host. The server is
// part of the script, and ends with it. `--pictures` also keeps a screenshot of each.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";

const WIDTHS = [400, 1000, 1600];
const MODES = ["light", "dark"];
const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css",
  ".svg": "image/svg+xml", ".png": "image/png", ".gif": "image/gif",
  ".woff2": "font/woff2", ".woff": "font/woff", ".json": "application/json",
};

const require = createRequire(join(resolve(process.env.PLAYWRIGHT_FOLDER ?? "."), "x.js"));
const { chromium } = require("playwright-core");

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : process.argv[at + 1];
}

const site = resolve(process.argv[2]);
const pictures = option("--pictures");
const only = new RegExp(option("--only") ?? "");

function pages(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "_static" ? [] : pages(path);
    return entry.name.endsWith(".html") ? [relative(site, path)] : [];
  });
}

function answer(request, response) {
  const path = join(site, decodeURIComponent(new URL(request.url, "http://x").pathname));
  try {
    const body = readFileSync(statSync(path).isDirectory() ? join(path, "index.html") : path);
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" });
    response.end(body);
  } catch {
    response.writeHead(404);
    response.end();
  }
}

// Runs in the page. Returns a list of what is wrong.
function faults() {
  const found = [];
  const wide = document.documentElement.clientWidth;
  const name = (e) =>
    `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}.${String(e.className).slice(0, 40)}` +
    ` "${(e.textContent ?? "").trim().slice(0, 40)}"`;
  const style = (e) => getComputedStyle(e);
  if (document.documentElement.scrollWidth > wide)
    found.push(`the page is ${document.documentElement.scrollWidth} wide`);

  // Code, tables and formulas may scroll. That a whole article scrolls is a fault.
  const MAY_SCROLL = "pre, .pst-scrollable-table-container, div.output_html, div.math, "
    + "mjx-container, .bd-sidebar";
  const scrolls = (e) => {
    const box = e.parentElement?.closest(MAY_SCROLL);
    return Boolean(box) && /auto|scroll/.test(style(box).overflowX);
  };
  const seen = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const main = document.querySelector("main") ?? document.body;
  for (const e of main.querySelectorAll("*")) {
    if (!seen(e) || e.closest("mjx-container, span.math, svg, .visually-hidden")) continue;
    const box = e.getBoundingClientRect();
    if (box.width < 2) continue;
    if (!scrolls(e) && box.right > wide + 1) found.push(`past the edge: ${name(e)}`);
    // Text that is cut: wider than its box, which hides it.
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
        && /hidden|clip/.test(style(e).overflowX)) found.push(`cut: ${name(e)}`);
    // What sticks out of its box without scrolling lies on its neighbour.
    if (/auto|scroll/.test(style(e).overflowX) && !e.matches(MAY_SCROLL)
        && e.scrollWidth > e.clientWidth + 1) found.push(`scrolls: ${name(e)}`);
    if (e.matches("pre, table, img, p, li, dt, dd, h1, h2, h3, h4, .sd-card")
        && !scrolls(e) && style(e).overflowX === "visible"
        && style(e).display !== "inline"
        && e.scrollWidth > e.clientWidth + 2) found.push(`sticks out: ${name(e)}`);
  }

  for (const image of document.images)
    if (seen(image) && image.complete && image.naturalWidth === 0)
      found.push(`broken picture: ${image.getAttribute("src")}`);
  for (const math of document.querySelectorAll(".math"))
    if (!math.querySelector("mjx-container")) found.push(`not rendered: ${name(math)}`);
  if (document.querySelector("mjx-merror")) found.push("an error in a formula");

  found.push(...contrasts(main));
  return [...new Set(found)];

  // Contrast by WCAG 2: 4.5 to 1, or 3 to 1 for large letters.
  function contrasts(root) {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
    const ground = (e) => {
      const layers = [];
      for (let p = e; p; p = p.parentElement) layers.push(rgba(style(p).backgroundColor));
      const white = document.documentElement.dataset.theme === "dark" ? [18, 18, 18] : [255, 255, 255];
      return layers.reverse().reduce((below, top) => over(top, below), white);
    };
    const luminance = (c) => {
      const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const known = new Map();
    const bad = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const e = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !seen(e) || e.closest("svg, mjx-container, .headerlink, button")) continue;
      const s = style(e);
      const size = parseFloat(s.fontSize);
      const large = size >= 24 || (size >= 18.6 && +s.fontWeight >= 700);
      const behind = ground(e);
      const key = `${s.color} on ${behind.map(Math.round)} ${large}`;
      if (!known.has(key)) {
        const [a, b] = [luminance(over(rgba(s.color), behind)), luminance(behind)];
        known.set(key, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
        if (known.get(key) < (large ? 3 : 4.5))
          bad.push(`contrast ${known.get(key).toFixed(2)}, ${key}: ${name(e)}`);
      }
    }
    return bad;
  }
}

const server = createServer(answer).listen(0, "127.0.0.1");
await new Promise((ready) => server.once("listening", ready));
const home = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"],
});
if (pictures) mkdirSync(pictures, { recursive: true });
const todo = pages(site).filter((path) => only.test(path)).sort();
let wrong = 0;

for (const path of todo) {
  const page = await browser.newPage({ reducedMotion: "reduce", colorScheme: "light" });
  const console_ = [];
  page.on("console", (m) => m.type() === "error" && console_.push(`console: ${m.text()}`));
  page.on("pageerror", (error) => console_.push(`error: ${error.message}`));
  page.on("request", (r) => {
    if (!r.url().startsWith(home) && !/^(data|blob):/.test(r.url())) console_.push(`asks for ${r.url()}`);
  });
  page.on("response", (r) => r.status() >= 400 && console_.push(`${r.status()}: ${r.url()}`));
  await page.goto(home + path, { waitUntil: "load" });
  // Lazy pictures are loaded too, and formulas are given their time.
  await page.evaluate(async () => {
    for (const image of document.images) image.loading = "eager";
    await Promise.all([...document.images].map((i) => i.decode().catch(() => {})));
    await window.MathJax?.startup?.promise;
  });
  const told = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const mode of MODES) {
      await page.evaluate((m) => {
        document.documentElement.dataset.theme = m;
        document.documentElement.dataset.mode = m;
      }, mode);
      await page.waitForTimeout(50);
      for (const fault of await page.evaluate(faults)) told.push(`${width} ${mode}: ${fault}`);
      if (pictures) {
        const file = `${path.replaceAll("/", "__").replace(".html", "")}-${width}-${mode}.png`;
        await page.screenshot({ path: join(pictures, file), fullPage: true });
      }
    }
  }
  for (const line of [...new Set([...console_, ...told])]) console.log(`${path}: ${line}`);
  wrong += console_.length + told.length;
  await page.close();
}
await browser.close();
server.close();
console.log(`${todo.length} pages, ${WIDTHS.length} widths, ${MODES.length} modes: ${wrong} faults`);
process.exit(wrong > 0 || todo.length === 0 ? 1 : 0);

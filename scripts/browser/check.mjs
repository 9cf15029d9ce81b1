// Opens pages in Chromium as readers do and says what is wrong: check.mjs MODULES CHROMIUM SCREENSHOTS PAGE...
//
// Looked at: accessibility (axe-core), text that overlaps, is cut or is too small, pages wider than the screen, requests
// to anywhere, errors on the console. Screenshots of each page at desktop and phone width, light and dark, and a PDF of
// its print, are left in the folder SCREENSHOTS.

import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, chromium, screenshots, ...pages] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "package.json"));
const { chromium: browserType } = require("playwright-core");
const axe = require("axe-core").source;

const screens = [
  { name: "desktop", width: 1280, height: 900 },
  { name: "phone", width: 390, height: 844 },
];
// Below this, in CSS pixels, a label cannot be read.
const SMALLEST = 9.5;

const arguments_ = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const browser = await browserType.launch({ executablePath: chromium, args: arguments_ });
let problems = 0;
for (const page of pages) {
  for (const screen of screens) {
    for (const colorScheme of ["light", "dark"]) {
      problems += await check(page, screen, colorScheme);
    }
  }
  await print(page);
}
await browser.close();
process.exit(problems > 0 ? 1 : 0);

async function check(file, screen, colorScheme) {
  const { name, width, height } = screen;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme, deviceScaleFactor: name === "phone" ? 2 : 1, bypassCSP: true,
  });
  const page = await context.newPage();
  const found = [];
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) found.push(`it asks for ${request.url()}`);
  });
  page.on("console", (message) => found.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => found.push(`error: ${error.message}`));
  await page.goto(pathToFileURL(resolve(file)).href);
  const picture = join(screenshots, `${basename(file, ".html")}-${name}-${colorScheme}.png`);
  await page.screenshot({ path: picture, fullPage: true });
  found.push(...(await page.evaluate(layoutProblems, SMALLEST)));
  // What is folded away is looked at as well.
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  found.push(...(await page.evaluate(layoutProblems, SMALLEST)));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const violation of violations) {
    found.push(`axe (${violation.impact}): ${violation.help}: ${violation.nodes[0].html.slice(0, 160)}`);
  }
  await context.close();
  for (const problem of new Set(found)) console.log(`${file}, ${name}, ${colorScheme}: ${problem}`);
  return found.length;
}

async function print(file) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.pdf({ path: join(screenshots, `${basename(file, ".html")}-print.pdf`), format: "A4" });
  await context.close();
}

// Runs in the page.
function layoutProblems(smallest) {
  const found = [];
  const screen = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > screen + 1) {
    found.push(`the page is ${document.documentElement.scrollWidth} wide on a screen of ${screen}`);
  }
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    const title = svg.querySelector("title")?.textContent;
    const labels = [...svg.querySelectorAll("text")].map((text) => ({
      text: text.textContent, box: text.getBoundingClientRect(),
      size: (parseFloat(getComputedStyle(text).fontSize) * frame.width) / svg.viewBox.baseVal.width,
    }));
    const tiny = labels.filter(({ size }) => size < smallest);
    if (tiny.length > 0) {
      found.push(`${title}: ${tiny.length} labels are small, "${tiny[0].text}" ${tiny[0].size.toFixed(1)} pixels`);
    }
    for (const [i, label] of labels.entries()) {
      const { box } = label;
      const out = box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
      if (out) found.push(`${title}: "${label.text}" is cut`);
      for (const other of labels.slice(i + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        // The boxes of two lines of text overlap a little where the letters do not.
        if (across > 0.5 && down > 0.3 * Math.min(box.height, other.box.height)) {
          found.push(`${title}: "${label.text}" and "${other.text}" overlap`);
        }
      }
    }
  }
  for (const cell of document.querySelectorAll("h1, h2, h3, p, dt, dd, figcaption, summary, caption, li")) {
    if (cell.scrollWidth > cell.clientWidth + 1 && cell.clientWidth > 0 && getComputedStyle(cell).display !== "inline") {
      found.push(`"${cell.textContent.slice(0, 60)}" is wider than its place`);
    }
  }
  return found;
}

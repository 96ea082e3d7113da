/* The parts of a page that move: tips, sorted tables, and the images of a cell of the confusion matrix. */
/** Pixels of the page in which a cell is found that has images. */
const NEAR = 5;
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const tip = document.createElement('div');
tip.className = 'tip';
tip.setAttribute('role', 'tooltip');
tip.hidden = true;
document.body.append(tip);

/** Shows a text beside the pointer; none hides it. */
function showTip(text, event) {
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8);
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${Math.max(8, top)}px`;
}

for (const chart of document.querySelectorAll('.chart')) {
  chart.addEventListener('pointermove', (event) => {
    const mark = event.target.closest('[aria-roledescription="point"]');
    showTip(mark?.getAttribute('aria-label'), event);
  });
  chart.addEventListener('pointerleave', (event) => showTip('', event));
}

/** What a cell of a table is sorted by: numbers as numbers, and none of them last. */
function keyOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number.parseFloat(text.replaceAll(',', ''));
  return cell.classList.contains('number') || cell.dataset.value !== undefined
    ? Number.isNaN(number)
      ? Number.NEGATIVE_INFINITY
      : number
    : text;
}

function sortBy(table, column, header) {
  const down = header.getAttribute('aria-sort') !== 'descending';
  for (const other of header.parentNode.children) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => ({ row, key: keyOf(row, column) }));
  const order = (a, b) =>
    typeof a === 'number' ? a - b : a.localeCompare(b, undefined, { numeric: true });
  keyed.sort((a, b) => (down ? -1 : 1) * order(a.key, b.key));
  body.append(...keyed.map(({ row }) => row));
}

for (const table of document.querySelectorAll('table.sortable')) {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener('click', () => sortBy(table, column, header));
  });
  if (table.tBodies[0].rows.length > 20) addSearch(table);
}

function addSearch(table) {
  const search = document.createElement('input');
  search.type = 'search';
  search.placeholder = 'Find a row';
  search.setAttribute('aria-label', search.placeholder);
  table.parentNode.before(search);
  search.addEventListener('input', () => {
    const wanted = search.value.toLowerCase();
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
}

for (const part of document.querySelectorAll('.confusion-part')) {
  startConfusion(part, JSON.parse(part.querySelector('.confusion-data').textContent));
}

function startConfusion(part, { names, cells, images, shown }) {
  const count = names.length;
  const totals = new Map();
  for (let at = 0; at < cells.length; at += 3) {
    totals.set(cells[at] * count + cells[at + 1], cells[at + 2]);
  }
  const imagesOf = new Map(shown.map(([label, guess, ...own]) => [label * count + guess, own]));
  const drill = part.querySelector('.drill');

  function describe(label, guess) {
    const total = totals.get(label * count + guess) ?? 0;
    const what = total === 1 ? '1 image' : `${total} images`;
    return label === guess
      ? `${what} of ${names[label]}, which are right`
      : `${what} of ${names[label]} taken for ${names[guess]}`;
  }

  /** Shows the images of a cell. */
  function choose(label, guess) {
    const title = document.createElement('p');
    title.textContent = describe(label, guess);
    const own = (imagesOf.get(label * count + guess) ?? []).map((at) => figureOf(images[at]));
    const thumbs = document.createElement('div');
    thumbs.className = 'thumbs';
    thumbs.append(...own);
    const rest = document.createElement('p');
    rest.className = 'soft';
    const total = totals.get(label * count + guess) ?? 0;
    if (total > own.length) rest.textContent = `The page holds ${own.length} of them.`;
    drill.replaceChildren(title, thumbs, rest);
  }

  function figureOf([source, name, probability]) {
    const figure = document.createElement('figure');
    const image = document.createElement('img');
    image.src = source;
    image.alt = name;
    image.title = name;
    const caption = document.createElement('figcaption');
    caption.textContent = `${(100 * probability).toFixed(1)} %`;
    figure.append(image, caption);
    return figure;
  }

  for (const button of part.querySelectorAll('.matrix button')) {
    button.addEventListener('click', () => {
      part.querySelector('.matrix .chosen')?.classList.remove('chosen');
      button.classList.add('chosen');
      choose(Number(button.dataset.label), Number(button.dataset.guess));
    });
  }
  const pixels = part.querySelector('.pixels');
  if (pixels !== null) startPixels(pixels, count, totals, describe, choose);
}

function startPixels(pixels, count, totals, describe, choose) {
  const [rowLine, columnLine] = [...pixels.querySelectorAll('span')];
  let chosen = [0, 0];

  /** The cell at the pointer, or near it one that has images. */
  function cellAt(event) {
    const box = pixels.getBoundingClientRect();
    const place = (part) => Math.max(0, Math.min(count - 1, Math.floor(part * count)));
    const row = place((event.clientY - box.top) / box.height);
    const column = place((event.clientX - box.left) / box.width);
    const reach = Math.ceil((NEAR * count) / box.width);
    for (let ring = 0; ring <= reach; ring++) {
      const found = ringOf(row, column, ring).find(
        ([label, guess]) => inside(label) && inside(guess) && totals.has(label * count + guess),
      );
      if (found !== undefined) return found;
    }
    return [row, column];
  }

  function inside(place) {
    return place >= 0 && place < count;
  }

  function take(label, guess) {
    chosen = [label, guess];
    rowLine.style.display = columnLine.style.display = 'block';
    rowLine.style.top = `${(100 * (label + 0.5)) / count}%`;
    columnLine.style.left = `${(100 * (guess + 0.5)) / count}%`;
    choose(label, guess);
  }

  pixels.addEventListener('pointermove', (event) => showTip(describe(...cellAt(event)), event));
  pixels.addEventListener('pointerleave', (event) => showTip('', event));
  pixels.addEventListener('click', (event) => take(...cellAt(event)));
  pixels.addEventListener('keydown', (event) => {
    const move = MOVES[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const limit = (value) => Math.max(0, Math.min(count - 1, value));
    take(limit(chosen[0] + move[0]), limit(chosen[1] + move[1]));
  });
}

/** The cells around one, so many steps away. */
function ringOf(row, column, ring) {
  const cells = [];
  for (let down = -ring; down <= ring; down++) {
    const step = Math.abs(down) === ring ? 1 : 2 * ring;
    for (let across = -ring; across <= ring; across += step || 1) {
      cells.push([row + down, column + across]);
    }
  }
  return cells;
}

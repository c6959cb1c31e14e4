// What a reader sees of a mail, measured in the browser. Evaluates to plain data.
(() => {
  const luminance = ([red, green, blue]) => {
    // Relative luminance and contrast ratio as WCAG 2.2 defines them.
    const linear = [red, green, blue].map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const colour = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3])).concat(1);
  const backdrop = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(colour(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !shown(element)) continue;
    const style = getComputedStyle(element);
    const back = backdrop(element);
    const [low, high] = [luminance(over(colour(style.color), back)), luminance(back)].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    texts.push({
      text: text.slice(0, 60),
      size,
      large: size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700),
      contrast: (high + 0.05) / (low + 0.05),
    });
  }

  const outside = [];
  const screenWidth = document.documentElement.clientWidth; // innerWidth grows with what does not fit
  for (const element of document.body.querySelectorAll("*")) {
    const { left, right, width } = element.getBoundingClientRect();
    if (shown(element) && width && (left < -0.5 || right > screenWidth + 0.5)) {
      outside.push(`${element.localName}.${element.className} from ${left} to ${right}`);
    }
  }

  const overlaps = (selector) => {
    const boxes = [...document.querySelectorAll(selector)].filter(shown).map((one) => one.getBoundingClientRect());
    const cover = (one, other) =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;
    return boxes.some((one, at) => boxes.slice(at + 1).some((other) => cover(one, other))) ? [selector] : [];
  };
  const pictures = [...document.images].filter((image) => shown(image) && image.naturalWidth).map((image) => {
    const { width, height } = image.getBoundingClientRect();
    const ground = (image.closest("td") ?? image).getBoundingClientRect();
    return {
      src: image.src,
      stretched: Math.abs(width / height / (image.naturalWidth / image.naturalHeight) - 1),
      enlarged: width / image.naturalWidth,
      outside: Math.max(width - ground.width, height - ground.height),
      ground: ground.width / ground.height,
      placed: image.closest(".with-pic") !== null,
    };
  });

  const button = document.querySelector("a.button");
  const firstBottom = button?.getBoundingClientRect().bottom;
  button?.scrollIntoView({ block: "center" });
  const box = button?.getBoundingClientRect();
  const everything = [...document.querySelectorAll("*")];
  const preheader = document.querySelector(".preheader");
  return {
    scrollWidth: document.documentElement.scrollWidth,
    outside,
    texts,
    button: button && {
      href: button.href,
      width: box.width,
      height: box.height,
      bottom: firstBottom,
      background: colour(getComputedStyle(button).backgroundColor).slice(0, 3),
      onTop: document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === button,
    },
    preheaderHeight: preheader && preheader.getBoundingClientRect().height,
    active: everything.filter(
      (element) =>
        ["script", "iframe", "object", "embed", "form", "link", "base"].includes(element.localName) ||
        [...element.attributes].some((attribute) => /^on|^\s*javascript:/i.test(attribute.name) ||
          /^\s*(javascript|data|file):/i.test(attribute.value)),
    ).map((element) => element.outerHTML.slice(0, 100)),
    links: [...document.links].map((link) => link.href),
    overlapping: [".card", ".card-pic, .card-text", ".row-text, .row-sum, .row-pic", ".shelf-text, .shelf-pic"].flatMap(overlaps),
    pictures,
    small: [...document.images].filter((image) => !image.alt && !image.closest(".with-pic, .hero-gap") && shown(image)).map((image) => image.src),
    body: document.body.innerText,
  };
})();

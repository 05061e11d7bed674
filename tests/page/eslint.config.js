import js from "@eslint/js";
import globals from "globals";

// What people write is text and never becomes markup, and nothing is run that is not in a file.
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "createContextualFragment", "srcdoc"];
const MESSAGE = "What people write is text: use textContent, append, or make() of dom.js.";

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "max-lines": ["error", { max: 300, skipComments: true }],
      "no-restricted-properties": [
        "error",
        ...MARKUP.map((property) => ({ property, message: MESSAGE })),
        { object: "document", property: "write", message: MESSAGE },
        { object: "document", property: "writeln", message: MESSAGE },
      ],
      "no-restricted-globals": ["error", "DOMParser", "event", "name"],
    },
  },
  { files: ["**/page/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["**/tests/page/**"], languageOptions: { globals: globals.node }, rules: { "no-script-url": "off" } },
];

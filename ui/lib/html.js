// SPDX-License-Identifier: Apache-2.0
// The one door to Preact.  A value put into html`` becomes a text node or an attribute,
// never markup; nothing in these pages sets innerHTML.
export { html, render, h, createContext, useContext, useEffect, useLayoutEffect, useMemo,
  useCallback, useReducer, useRef, useState } from "../vendor/htm-preact.js";

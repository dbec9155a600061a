/** Whether an element is in or near the window. One observer serves the whole page. */
import { useEffect, useState } from 'react';
import type { RefObject } from 'react';

/** Charts this far outside of the window are made ready, so that scrolling finds them drawn. */
const MARGIN_PX = 240;

type Listener = (near: boolean) => void;
const listeners = new Map<Element, Listener>();
let observer: IntersectionObserver | null = null;

function observe(element: Element, listener: Listener): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) listeners.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: `${MARGIN_PX}px 0px` },
  );
  listeners.set(element, listener);
  observer.observe(element);
  return () => {
    listeners.delete(element);
    observer?.unobserve(element);
  };
}

export function useOnScreen(ref: RefObject<Element | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => (ref.current ? observe(ref.current, setNear) : undefined), [ref]);
  return near;
}

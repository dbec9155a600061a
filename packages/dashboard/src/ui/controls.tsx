/** The few controls that the page is made of. */
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';

import type { IconName } from './icons.tsx';
import { Icon } from './icons.tsx';
import styles from './controls.module.css';

export interface SearchFieldProps {
  readonly value: string;
  readonly label: string;
  readonly placeholder: string;
  readonly error: string | null;
  /** Pressed anywhere outside of a field, this key brings the cursor here. */
  readonly shortcut?: string;
  onChange(value: string): void;
}

export function SearchField({ value, label, placeholder, error, shortcut, onChange }: SearchFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (shortcut === undefined) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== shortcut || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [shortcut]);
  return (
    <label
      className={styles.search}
      data-invalid={error !== null}
      title={error ?? 'Words, or a regular expression between slashes: /loss|acc/'}
    >
      <Icon name="search" size={14} />
      <input
        ref={input}
        type="search"
        value={value}
        aria-label={label}
        aria-invalid={error !== null}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          if (value === '') input.current?.blur();
          else onChange('');
        }}
      />
      {value !== '' ? (
        <button type="button" aria-label="Clear search" onClick={() => onChange('')}>
          <Icon name="close" size={12} />
        </button>
      ) : shortcut ? (
        <kbd>{shortcut}</kbd>
      ) : null}
    </label>
  );
}

/** True when a key press belongs to a field that it was typed in. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.matches('input:not([type=range], [type=checkbox]), textarea, select') || target.isContentEditable)
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: ReactNode;
  readonly title?: string;
}

export interface ChoicesProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly choices: readonly Choice<Value>[];
  onChange(value: Value): void;
}

/** One of a few, all of them visible. */
export function Choices<Value extends string>({ label, value, choices, onChange }: ChoicesProps<Value>) {
  return (
    <div className={styles.choices} role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          title={choice.title}
          onClick={() => onChange(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

export interface ToggleProps {
  readonly label: string;
  readonly title: string;
  readonly on: boolean;
  onChange(on: boolean): void;
}

export function Toggle({ label, title, on, onChange }: ToggleProps) {
  return (
    <button
      type="button"
      className={styles.toggle}
      aria-pressed={on}
      title={title}
      onClick={() => onChange(!on)}
    >
      {label}
    </button>
  );
}

export interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  onClick(): void;
}

export function IconButton({ icon, label, pressed, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      className={styles.icon}
      aria-label={label}
      title={label}
      {...(pressed === undefined ? {} : { 'aria-expanded': pressed })}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

export interface SliderProps {
  readonly label: string;
  readonly title: string;
  /** 0 to `max`. */
  readonly value: number;
  readonly max: number;
  readonly text: string;
  onChange(value: number): void;
}

export function Slider({ label, title, value, max, text, onChange }: SliderProps) {
  return (
    <label className={styles.slider} title={title}>
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={max}
        step={1}
        value={value}
        aria-valuetext={text}
        style={{ '--filled': `${(value / max) * 100}%` } as React.CSSProperties}
        onChange={(event) => onChange(Number(event.target.value))}
        onDoubleClick={() => onChange(0)}
      />
      <output>{text}</output>
    </label>
  );
}

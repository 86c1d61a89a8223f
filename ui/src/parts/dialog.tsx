// A dialog over the page: the browser's own, which keeps the focus in it and closes on Escape.
import type { ComponentChildren, ComponentProps } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { Icon } from './icon.js';
import { Button } from './plain.js';

interface Props {
  title: string;
  onClose(): void;
  children: ComponentChildren;
  isWide?: boolean;
}

export function Dialog({ title, onClose, children, isWide }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    // The browser takes the first button, which closes it.
    element.current?.querySelector<HTMLElement>('input,textarea,select')?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const onClick = (click: MouseEvent) => click.target === element.current && onClose();
  return (
    <dialog
      ref={element}
      class={isWide ? 'wide' : ''}
      aria-labelledby={id}
      onClose={onClose}
      onMouseDown={onClick}
    >
      <div class="dialog-body">
        <header>
          <h2 id={id}>{title}</h2>
          <Button class="plain" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </Button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onYes(): void;
  onClose(): void;
}

/** Asks before something that cannot simply be undone. */
export function Confirm(props: ConfirmProps) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      <p class="actions">
        <Button
          class="danger"
          onClick={() => {
            props.onClose();
            props.onYes();
          }}
        >
          {props.action}
        </Button>
        <Button onClick={props.onClose}>Cancel</Button>
      </p>
    </Dialog>
  );
}

type SureProps = Omit<ConfirmProps, 'onClose'> & Pick<ComponentProps<'button'>, 'class' | 'aria-label'>;

/** The button of such an action. Without a title nothing is asked. */
export function Sure({ title, text, action, onYes, ...more }: SureProps) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button {...more} onClick={() => (title ? setAsking(true) : onYes())}>
        {action}
      </Button>
      {isAsking && <Confirm {...{ title, text, action, onYes }} onClose={() => setAsking(false)} />}
    </>
  );
}

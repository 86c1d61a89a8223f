export default function Screen() { return <p>later</p>; }

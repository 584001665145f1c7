/** The instance's name: the server writes it into the page (`metadata.title`). */
export const product = document.title

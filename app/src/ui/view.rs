//! Building what is seen: one element type, on the reactive graph of Leptos.
//!
//! `view!` gives every shape of element its own type, and with it its own code to build,
//! rebuild and take down; of a dozen pages that was two thirds of the whole module, far over
//! the bytes a payer should wait for. Here an element is made as it is described, and only what
//! changes is bound to signals. What a [live](View::Live) part draws is drawn anew, not
//! compared: so a field must not stand in a part that is redrawn while somebody types in it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, Node};

pub enum View {
    Nothing,
    Text(String),
    Element(Element),
    Many(Vec<View>),
    /// Drawn again whenever a signal it read has changed.
    Live(Box<dyn Fn() -> View>),
}

/// Whatever can stand in the page.
pub trait Show: Sized {
    fn show(self) -> View;

    /// Puts it at the end of an element, without a detour where there is a direct way.
    fn put_in(self, parent: &Element) {
        self.show().put(parent, None);
    }
}

/// Several things, one after the other.
macro_rules! views {
    ($($child:expr),* $(,)?) => {
        $crate::ui::view::View::Many(vec![$($crate::ui::view::Show::show($child)),*])
    };
}

pub(crate) use views;

pub struct El(Element);

/// Begins an element.
#[inline(never)]
pub fn el(tag: &'static str) -> El {
    El(document().create_element(tag).unwrap_or_else(|_| {
        // Refused only for a name that is no tag.
        document().create_document_fragment().unchecked_into()
    }))
}

impl El {
    // A page is hundreds of these calls: each must stay a call.
    #[inline(never)]
    pub fn class(self, class: &'static str) -> Self {
        self.0.set_class_name(class);
        self
    }

    pub fn attr(self, name: &'static str, value: impl AttrValue) -> Self {
        value.set(&self.0, name);
        self
    }

    pub fn live_attr<V: AttrValue>(
        self,
        name: &'static str,
        value: impl Fn() -> V + 'static,
    ) -> Self {
        let element = self.0.clone();
        react(Box::new(move || value().set(&element, name)));
        self
    }

    pub fn class_when(self, class: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        let classes = self.0.class_list();
        react(Box::new(move || {
            // Refused only for an empty name or one with a space.
            let _ = classes.toggle_with_force(class, on());
        }));
        self
    }

    pub fn live_value(self, value: impl Fn() -> String + 'static) -> Self {
        let field: HtmlInputElement = self.0.clone().unchecked_into();
        react(Box::new(move || {
            let value = value();
            // Writing what is there already would move the caret.
            if field.value() != value {
                field.set_value(&value);
            }
        }));
        self
    }

    pub fn live_checked(self, checked: impl Fn() -> bool + 'static) -> Self {
        let field: HtmlInputElement = self.0.clone().unchecked_into();
        react(Box::new(move || field.set_checked(checked())));
        self
    }

    /// By the object model, which the content policy allows; a style attribute it does not.
    pub fn live_style(self, name: &'static str, value: impl Fn() -> String + 'static) -> Self {
        let style = self.0.unchecked_ref::<HtmlElement>().style();
        react(Box::new(move || {
            let _ = style.set_property(name, &value());
        }));
        self
    }

    pub fn on(self, event: &'static str, handle: impl FnMut(Event) + 'static) -> Self {
        listen(&self.0, event, Box::new(handle));
        self
    }

    pub fn child(self, child: impl Show) -> Self {
        child.put_in(&self.0);
        self
    }
}

#[inline(never)]
fn listen(element: &Element, event: &str, handle: Box<dyn FnMut(Event)>) {
    // Freed by the browser together with the element.
    let handle = Closure::wrap(handle).into_js_value();
    let _ = element.add_event_listener_with_callback(event, handle.unchecked_ref());
}

/// Runs now and whenever a signal it reads has changed, until its owner is gone.
#[inline(never)]
pub fn react(mut run: Box<dyn FnMut()>) {
    let effect = RenderEffect::new(move |_: Option<()>| run());
    StoredValue::new_local(effect);
}

impl View {
    /// Puts it into the page, before `before` or at the end.
    #[inline(never)]
    pub fn put(self, parent: &Node, before: Option<&Node>) {
        match self {
            Self::Nothing => {}
            Self::Text(text) => insert(parent, document().create_text_node(&text).as_ref(), before),
            Self::Element(element) => insert(parent, &element, before),
            Self::Many(views) => views.into_iter().for_each(|view| view.put(parent, before)),
            Self::Live(draw) => put_live(draw, parent, before),
        }
    }
}

#[inline(never)]
fn insert(parent: &Node, node: &Node, before: Option<&Node>) {
    // Fails only if `before` left the page, and with it the part this stands in.
    let _ = parent.insert_before(node, before);
}

/// Two marks, and between them what was drawn last.
fn put_live(draw: Box<dyn Fn() -> View>, parent: &Node, before: Option<&Node>) {
    let from: Node = document().create_comment("").into();
    let to: Node = document().create_comment("").into();
    insert(parent, &from, before);
    insert(parent, &to, before);
    react(Box::new(move || {
        let view = draw();
        let Some(parent) = to.parent_node() else { return };
        if let (View::Text(text), Some(only)) = (&view, only_text(&from, &to)) {
            // The same node with other words: a live region reads the change, not a removal.
            if only.node_value().as_ref() != Some(text) {
                only.set_node_value(Some(text));
            }
            return;
        }
        while let Some(old) = from.next_sibling() {
            if old == to {
                break;
            }
            let _ = parent.remove_child(&old);
        }
        view.put(&parent, Some(&to));
    }));
}

fn only_text(from: &Node, to: &Node) -> Option<Node> {
    let only = from.next_sibling()?;
    let is_only = only.node_type() == Node::TEXT_NODE && only.next_sibling().as_ref() == Some(to);
    is_only.then_some(only)
}

/// What an attribute can be: text, or not there.
pub trait AttrValue {
    fn set(self, element: &Element, name: &str);
}

impl AttrValue for &str {
    #[inline(never)]
    fn set(self, element: &Element, name: &str) {
        // Refused only for a name that is none.
        let _ = element.set_attribute(name, self);
    }
}

impl AttrValue for String {
    #[inline(never)]
    fn set(self, element: &Element, name: &str) {
        self.as_str().set(element, name);
    }
}

impl<V: AttrValue> AttrValue for Option<V> {
    fn set(self, element: &Element, name: &str) {
        match self {
            Some(value) => value.set(element, name),
            None => drop(element.remove_attribute(name)),
        }
    }
}

impl Show for View {
    fn show(self) -> View {
        self
    }
}

impl Show for El {
    fn show(self) -> View {
        View::Element(self.0)
    }

    #[inline(never)]
    fn put_in(self, parent: &Element) {
        insert(parent, &self.0, None);
    }
}

impl Show for () {
    fn show(self) -> View {
        View::Nothing
    }
}

impl Show for &str {
    #[inline(never)]
    fn show(self) -> View {
        View::Text(self.to_owned())
    }

    #[inline(never)]
    fn put_in(self, parent: &Element) {
        insert(parent, document().create_text_node(self).as_ref(), None);
    }
}

impl Show for String {
    fn show(self) -> View {
        View::Text(self)
    }

    #[inline(never)]
    fn put_in(self, parent: &Element) {
        self.as_str().put_in(parent);
    }
}

impl<T: Show> Show for Option<T> {
    fn show(self) -> View {
        self.map_or(View::Nothing, Show::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(self) -> View {
        View::Many(self.into_iter().map(Show::show).collect())
    }
}

impl<T: Show, F: Fn() -> T + 'static> Show for F {
    fn show(self) -> View {
        View::Live(Box::new(move || self().show()))
    }
}
